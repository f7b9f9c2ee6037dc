//go:build !(linux && amd64)

package setup

import (
	"fmt"
	"runtime"
)

// installCUDA fails: go-xla's installer brings CUDA to Linux on x86-64 only.
func installCUDA(string) error {
	return fmt.Errorf("no CUDA plugin exists for %s/%s", runtime.GOOS, runtime.GOARCH)
}
