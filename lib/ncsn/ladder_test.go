package ncsn

import (
	"math"
	"strings"
	"testing"

	"gibbs/lib/data"

	"github.com/gomlx/gomlx/core/tensors"
)

// lecture is the ladder of the lecture: ten levels from 5 to 0.01.
var lecture = Geometric(5, 0.01, 10)

func TestGeometric(t *testing.T) {
	want := []float64{5, 2.506597, 1.256605, 0.629961, 0.315811, 0.158322, 0.079370, 0.039790, 0.019947, 0.01}
	for i, sigma := range lecture {
		if math.Abs(sigma-want[i]) > 5e-7 {
			t.Errorf("σ%d = %.6f, want %.6f", i, sigma, want[i])
		}
	}
	if one := Geometric(5, 0.01, 1); len(one) != 1 || one[0] != 5 || one.Check() != nil {
		t.Errorf("one level: %v", one)
	}
	if err := lecture.Check(); err != nil {
		t.Error(err)
	}
}

// TestBadLaddersAreRefused checks that what uses a ladder says what is wrong with
// it.
func TestBadLaddersAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		l    Ladder
		says string
	}{
		"ascending": {Geometric(0.01, 5, 10), "largest to the smallest"},
		"level":     {Ladder{1, 0.5, 0.5}, "largest to the smallest"},
		"empty":     {Geometric(5, 0.01, 0), "no noise levels"},
		"zero":      {Ladder{1, 0}, "positive"},
		"infinite":  {Ladder{math.Inf(1), 1}, "positive"},
		"nan":       {Ladder{1, math.NaN()}, "positive"},
	} {
		_, sampling := Config{Ladder: c.l}.plan()
		_, starting := c.l.Start(1, 2, 2)
		_, floors := Floors(nil, c.l)
		for use, err := range map[string]error{"Check": c.l.Check(), "Run": sampling, "Start": starting, "Floors": floors} {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s ladder, %s: got %v, want an error that says %q", name, use, err, c.says)
			}
		}
	}
}

// TestOverlap checks technique 2 at the lecture's ladder, and that Overlapping
// makes the fewest levels that it can.
func TestOverlap(t *testing.T) {
	if got := Overlap(2, lecture[0]/lecture[1]); math.Abs(got-0.99997) > 5e-6 {
		t.Errorf("overlap of the lecture's ladder %.6f, want 0.99997", got)
	}
	for _, dim := range []int{2, 5, 64, 3072} {
		l, err := Overlapping(5, 0.01, dim, 0.5)
		if err != nil {
			t.Fatal(err)
		}
		fewer := Geometric(5, 0.01, len(l)-1)
		if Overlap(dim, l[0]/l[1]) < 0.5-1e-9 || len(fewer) > 1 && Overlap(dim, fewer[0]/fewer[1]) >= 0.5 {
			t.Errorf("dim %d: %d levels, overlap %.4f; one fewer %.4f", dim, len(l), Overlap(dim, l[0]/l[1]), Overlap(dim, fewer[0]/fewer[1]))
		}
		t.Logf("dim %d: %d levels", dim, len(l))
	}
	if l, err := Overlapping(3, 3, 64, 0.5); err != nil || len(l) != 1 {
		t.Errorf("equal ends: %v, %v", l, err)
	}
	// In many dimensions √(2·dim)·(γ−1) − 3γ = 0 at overlap ½.
	gamma := math.Sqrt(2*3072) / (math.Sqrt(2*3072) - 3)
	if got := Overlap(3072, gamma); math.Abs(got-0.5) > 1e-6 {
		t.Errorf("overlap %.7f, want 0.5", got)
	}
	for _, c := range []struct {
		max, min float64
		dim      int
		overlap  float64
	}{{1, 5, 2, 0.5}, {5, 0, 2, 0.5}, {5, 1, 0, 0.5}, {5, 1, 2, 1}, {5, 1, 2, 0}} {
		if _, err := Overlapping(c.max, c.min, c.dim, c.overlap); err == nil {
			t.Errorf("Overlapping%v: accepted", c)
		}
	}
}

// TestMaxDistance checks a triangle, and the Swiss roll, whose ends are farthest
// from points near them: no pair is more than 25.21 apart.
func TestMaxDistance(t *testing.T) {
	wide, narrow := [][]float64{{0, 0}, {3, 0}, {0, -4}}, [][]float32{{0, 0}, {3, 0}, {0, -4}}
	for _, x := range []*tensors.Tensor{tensors.FromValue(wide), tensors.FromValue(narrow)} {
		if d, err := MaxDistance(x); err != nil || d != 5 {
			t.Errorf("got %v, %v, want 5", d, err)
		}
	}
	roll := data.SwissRoll(2000, 1)
	d, err := MaxDistance(tensors.FromFlatDataAndDimensions(roll.X, 2000, 2))
	if err != nil || d > 25.21 || d < 25.1 {
		t.Errorf("Swiss roll: %v, %v, want a little below 25.21", d, err)
	}
	if _, err := MaxDistance(tensors.FromValue([]int32{1})); err == nil {
		t.Error("integers: accepted")
	}
}
