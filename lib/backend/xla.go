//go:build cgo && !noxla && ((linux && (amd64 || arm64)) || (darwin && arm64))

package backend

import (
	"io"
	"os"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla" // registers the XLA backend as "xla"
	"github.com/gomlx/go-xla/pjrt"
	"k8s.io/klog/v2"
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

// small says what [Inline] wants of XLA, as go-xla reads it: a While whose operations
// touch less than 4 MiB in all becomes one function. Options that come with a program
// replace all others, so that the rest repeats the plugin's defaults.
const small = `
	xla_backend_extra_options: {key: "xla_cpu_small_while_loop_byte_threshold" value: "4194304"}
	xla_backend_optimization_level: 3
	xla_llvm_enable_alias_scope_metadata: true
	xla_llvm_enable_noalias_metadata: true
	xla_llvm_enable_invariant_load_metadata: true
	xla_cpu_use_thunk_runtime: true
	xla_cpu_use_fusion_emitters: true
	xla_cpu_enable_concurrency_optimized_scheduler: true
	xla_cpu_multi_thread_eigen: true
	xla_cpu_prefer_vector_width: 256
	xla_cpu_parallel_codegen_split_count: 32
	xla_cpu_fast_math_honor_nans: true
	xla_cpu_fast_math_honor_infs: true
	xla_cpu_fast_math_honor_functions: true
	xla_cpu_fast_math_honor_division: true
	xla_allow_excess_precision: true`

// compileSmall calls compile with these options, of which go-xla would print a note.
func compileSmall(compile func() error) error {
	defer klog.CaptureState().Restore()
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	os.Setenv(pjrt.EnvXlaDebugOptions, small)
	defer os.Unsetenv(pjrt.EnvXlaDebugOptions)
	return compile()
}
