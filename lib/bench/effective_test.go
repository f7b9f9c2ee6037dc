package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gibbs/lib/rng"
)

// left writes a file of draws of N(shift, I), 4 chains of 500, as a side leaves them.
func left(t *testing.T, dim int, shift float64, seed int64) Run {
	t.Helper()
	z := rng.NewHost(seed).Normal(4 * 500 * dim)
	d := chains{x: make([][][]float64, 4), setup: 3, seconds: 2}
	for c := range d.x {
		for i := range 500 {
			x := z[(c*500+i)*dim:][:dim]
			x[0] += shift
			d.x[c] = append(d.x[c], x)
		}
	}
	seconds, drawn, err := into(t.TempDir())(d)
	if err != nil {
		t.Fatal(err)
	}
	return Run{Seconds: seconds, Draws: drawn}
}

func plainLaw(samples float64, setup bool) Effective {
	l := &Law{Names: []string{"x", "y"}, Free: 2, Of: func(x []float64) []float64 { return x }, Reference: Answer{"x": {}, "y": {}}}
	return Effective{Law: l, Samples: samples, Setup: setup}
}

// TestEffective: 2,000 independent draws in 2 s are about 2,000 effective samples, so
// that 1,000 take about a second, and 3 more from nothing.
func TestEffective(t *testing.T) {
	for setup, want := range map[bool]float64{false: 1, true: 4} {
		r, e := left(t, 2, 0, 1), plainLaw(1000, setup)
		file := r.Draws.File
		if err := e.judge(&r); err != nil {
			t.Fatal(err)
		}
		if math.Abs(r.Seconds-want) > 0.15 {
			t.Errorf("setup %v: %g s, want about %g", setup, r.Seconds, want)
		}
		if err := agreeWithTruth(r.Answer, e.Reference); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(file); err == nil {
			t.Error("the file of draws is left")
		}
	}
}

// TestEffectiveCatches plants a wrong mean, a chain that stands still, a number that is
// none, and a file that is cut off.
func TestEffectiveCatches(t *testing.T) {
	e := plainLaw(1000, false)
	r := left(t, 2, 0.15, 2)
	if err := e.judge(&r); err != nil || agreeWithTruth(r.Answer, e.Reference) == nil {
		t.Errorf("a mean that is off by 0.15: %v, %v", r.Answer, err)
	}
	for name, of := range map[string]func(x []float64) []float64{
		"constant":     func(x []float64) []float64 { return []float64{x[0], 1} },
		"not a number": func(x []float64) []float64 { return []float64{math.NaN(), x[1]} },
	} {
		r, e := left(t, 2, 0, 3), plainLaw(1000, false)
		e.Of = of
		if e.judge(&r) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	r = left(t, 2, 0, 4)
	if err := os.Truncate(r.Draws.File, 80); err != nil {
		t.Fatal(err)
	}
	if e.judge(&r) == nil {
		t.Error("half a file: accepted")
	}
	r = left(t, 2, 0, 5)
	r.Draws.File = filepath.Join(t.TempDir(), "none")
	if e.judge(&r) == nil {
		t.Error("no file: accepted")
	}
}

// TestNormalTarget: the covariance of the normal target is the inverse of its precision,
// and has the trace of its axes.
func TestNormalTarget(t *testing.T) {
	n := newNormal(10)
	trace := 0.0
	for k := range 10 {
		trace += math.Pow(0.01, float64(k)/9) - n.covariance.At(k, k)
		for j := range 10 {
			product := 0.0
			for i := range 10 {
				product += n.covariance.At(k, i) * n.precision.At(i, j)
			}
			if want := map[bool]float64{true: 1}[k == j]; math.Abs(product-want) > 1e-11 {
				t.Errorf("ΣΣ⁻¹ at %d, %d: %g", k, j, product)
			}
		}
	}
	if math.Abs(trace) > 1e-12 {
		t.Errorf("the trace is off by %g", trace)
	}
}

// TestLaws: every case with chains has as many names as its law gives numbers.
func TestLaws(t *testing.T) {
	for _, j := range jobs {
		for _, c := range j.Cases {
			if c.Effective == nil {
				continue
			}
			dim := c.Settings["dim"].(int)
			if n := len(c.Effective.Of(make([]float64, dim))); n != len(c.Effective.Names) || c.Effective.Free > n {
				t.Errorf("%s: %d numbers for %d names", j.Name, n, len(c.Effective.Names))
			}
			for name := range c.Effective.Reference {
				if !slices.Contains(c.Effective.Names, name) {
					t.Errorf("%s: %q is known and not measured", j.Name, name)
				}
			}
		}
	}
}
