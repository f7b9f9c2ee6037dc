//go:build !nogobackend

package backend

import _ "github.com/gomlx/compute/gobackend" // registers the pure-Go backend as "go"
