//go:build cgo && !noxla && ((linux && (amd64 || arm64)) || (darwin && arm64))

package backend

import (
	"os"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla" // registers the XLA backend as "xla"
	"github.com/gomlx/go-xla/pjrt"
)

const xlaLinked = true

// go-xla downloads plugins without a hash when it is left to itself.
func init() { xla.EnableAutoInstall(false) }

// openCPU opens the XLA CPU plugin with the processor as one device. By itself it makes
// four, and at least as many threads, which on fewer cores wait for each other.
func openCPU(plugin string) (compute.Backend, error) {
	return xla.NewWithOptions(plugin, pjrt.NamedValuesMap{"cpu_device_count": int64(1)})
}

// openSerial opens it with one thread: the plugin makes as many as NPROC says when a
// client is made.
func openSerial(plugin string) (compute.Backend, error) {
	before, set := os.LookupEnv("NPROC")
	os.Setenv("NPROC", "1")
	b, err := openCPU(plugin)
	if os.Unsetenv("NPROC"); set {
		os.Setenv("NPROC", before)
	}
	return b, err
}
