//go:build !cgo || noxla || !((linux && (amd64 || arm64)) || (darwin && arm64))

package backend

import (
	"errors"

	"github.com/gomlx/compute"
)

const xlaLinked = false

var errNotLinked = errors.New("this program was built without XLA")

func openCPU(string) (compute.Backend, error)    { return nil, errNotLinked }
func openSerial(string) (compute.Backend, error) { return nil, errNotLinked }
func compileSmall(compile func() error) error    { return compile() }
