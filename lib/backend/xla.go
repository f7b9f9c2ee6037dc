//go:build cgo && !noxla && ((linux && (amd64 || arm64)) || (darwin && arm64))

package backend

import "github.com/gomlx/go-xla/compute/xla" // registers the XLA backend as "xla"

const xlaLinked = true

// go-xla downloads plugins without a hash when it is left to itself.
func init() { xla.EnableAutoInstall(false) }
