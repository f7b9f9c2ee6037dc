//go:build cgo

package main

/*
#define GIBBS_LANGEVIN_TYPES_ONLY // cgo writes the prototypes, without const
#include "gibbs_langevin.h"

static inline int callScore(gibbs_langevin_score f, const double *x, double *score, int64_t dim, void *data) {
	return f(x, score, dim, data);
}
*/
import "C"

import (
	"context"
	"math"
	"math/bits"
	"sync/atomic"
	"unsafe"

	"gibbs/lib/mcmc/native"
)

//export gibbs_langevin_draw_mixture
func gibbs_langevin_draw_mixture(run *C.gibbs_langevin_run, mixture *C.gibbs_langevin_mixture, start, out *C.double) (code C.int) {
	defer recovered(&code)
	if run == nil || mixture == nil || mixture.means == nil {
		return C.GIBBS_LANGEVIN_NULL
	}
	k, ok := product(mixture.components, run.dim)
	if !ok {
		return C.GIBBS_LANGEVIN_MIXTURE
	}
	components := int(mixture.components)
	score, err := native.Mixture[float64](int(run.dim),
		numbers(mixture.means, k), numbers(mixture.weights, components), numbers(mixture.sigmas, components))
	if err != nil {
		return C.GIBBS_LANGEVIN_MIXTURE
	}
	return draw(context.Background(), run, score, start, out)
}

//export gibbs_langevin_draw
func gibbs_langevin_draw(run *C.gibbs_langevin_run, score C.gibbs_langevin_score, data unsafe.Pointer, start, out *C.double) (code C.int) {
	defer recovered(&code)
	if run == nil || score == nil {
		return C.GIBBS_LANGEVIN_NULL
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var failed atomic.Bool
	code = draw(ctx, run, func(x, s []float64) {
		if failed.Load() {
			return
		}
		if C.callScore(score, (*C.double)(&x[0]), (*C.double)(&s[0]), C.int64_t(len(x)), data) != 0 {
			failed.Store(true)
			cancel()
		}
	}, start, out)
	if failed.Load() {
		return C.GIBBS_LANGEVIN_CALLBACK
	}
	return code
}

// draw runs the chains on out, in the caller's memory.
func draw(ctx context.Context, run *C.gibbs_langevin_run, score native.Score[float64], start, out *C.double) C.int {
	if start == nil || out == nil {
		return C.GIBBS_LANGEVIN_NULL
	}
	size, ok := product(run.chains, run.dim)
	if !ok || run.steps < 0 || run.steps > math.MaxInt {
		return C.GIBBS_LANGEVIN_RUN
	}
	x := numbers(out, size)
	copy(x, numbers(start, size))
	sampler := native.Langevin[float64]{
		Score:       score,
		StepSize:    float64(run.step_size),
		Temperature: float64(run.temperature),
		Seed:        int64(run.seed),
		Workers:     int(min(run.threads, 1<<16)),
	}
	if err := sampler.Run(ctx, x, int(run.dim), int(run.steps), nil); err != nil {
		return C.GIBBS_LANGEVIN_RUN
	}
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return C.GIBBS_LANGEVIN_DIVERGED
		}
	}
	return C.GIBBS_LANGEVIN_OK
}

//export gibbs_langevin_message
func gibbs_langevin_message(code C.int, buffer *C.char, size C.int64_t) C.int64_t {
	message := "unknown code"
	if code >= 0 && int(code) < len(messages) {
		message = messages[code]
	}
	if buffer != nil && size > 0 {
		to := unsafe.Slice((*byte)(unsafe.Pointer(buffer)), min(int64(size), int64(len(message))+1))
		to[copy(to[:len(to)-1], message)] = 0
	}
	return C.int64_t(len(message))
}

// messages says what the codes mean, in their order.
var messages = [...]string{
	C.GIBBS_LANGEVIN_OK:       "success",
	C.GIBBS_LANGEVIN_NULL:     "a required pointer is null: only weights, sigmas and data may be",
	C.GIBBS_LANGEVIN_RUN:      "the run is out of range: chains and dim must be at least 1, steps at least 0, step_size positive and finite, temperature positive or 0",
	C.GIBBS_LANGEVIN_MIXTURE:  "the mixture is out of range: want at least one component, finite means, positive sigmas, and weights that are not negative and not all zero",
	C.GIBBS_LANGEVIN_CALLBACK: "the score callback failed: it returned a non-zero value",
	C.GIBBS_LANGEVIN_DIVERGED: "a chain diverged: its position is not finite; take a smaller step_size",
	C.GIBBS_LANGEVIN_INTERNAL: "internal error: this is a bug of the library",
}

// recovered turns a panic into a code: it must not unwind into C.
func recovered(code *C.int) {
	if recover() != nil {
		*code = C.GIBBS_LANGEVIN_INTERNAL
	}
}

// product returns a·b if both are positive and an array of as many numbers can exist.
func product(a, b C.int64_t) (int, bool) {
	if a < 1 || b < 1 {
		return 0, false
	}
	high, low := bits.Mul64(uint64(a), uint64(b))
	return int(low), high == 0 && low <= math.MaxInt/8
}

// numbers returns the caller's array as a slice; nil for a null pointer.
func numbers(p *C.double, n int) []float64 {
	if p == nil {
		return nil
	}
	return unsafe.Slice((*float64)(p), n)
}
