package setup

import "github.com/gomlx/go-xla/installer"

// installCUDA brings JAX's CUDA 13 plugin and NVIDIA's libraries.
func installCUDA(dir string) error {
	return installer.CudaInstall("cuda13", "latest", dir, false, installer.Quiet)
}
