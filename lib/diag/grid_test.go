package diag

import (
	"fmt"
	"math"
	"testing"
)

// normalGrid holds a normal law's log density plus c on a grid of the plane, with mean
// (mu, 0), deviations (s, 1) and no correlation, to 16 along x and 9 along y.
func normalGrid(mu, s, c float64) (log []float64, shape []int, spacing []float64) {
	shape, spacing = []int{641, 301}, []float64{0.05, 0.06}
	for i := range shape[0] {
		for j := range shape[1] {
			x, y := float64(i-320)*spacing[0], float64(j-150)*spacing[1]
			log = append(log, c-math.Pow((x-mu)/s, 2)/2-y*y/2)
		}
	}
	return log, shape, spacing
}

type divergences struct {
	kl     func(p, q []float64) float64
	fisher func(p, q []float64, shape []int, spacing []float64) float64
}

// gridCheck compares with the closed forms for p = N(0, 1) and q = N(1, 2²):
//
//	KL(p‖q) = log 2 + (1 + 1)/8 − ½,  D_F = ½ E (−x + (x−1)/4)² = ½ (9/16 + 1/16)
//
// Sums of a Gaussian over a fine grid are exact to rounding, and beyond the grid lies
// 1e-13 of q.
func gridCheck(d divergences) error {
	p, shape, spacing := normalGrid(0, 1, 3)
	q, _, _ := normalGrid(1, 2, -7)
	if got, want := d.kl(p, q), math.Ln2-0.25; math.Abs(got-want) > 1e-10 {
		return fmt.Errorf("KL = %.12f, want %.12f", got, want)
	}
	if got, want := d.fisher(p, q, shape, spacing), 0.3125; math.Abs(got-want) > 1e-10 {
		return fmt.Errorf("D_F = %.12f, want %.12f", got, want)
	}
	return nil
}

func TestGridsOfNormals(t *testing.T) {
	if err := gridCheck(divergences{KL, FisherDivergence}); err != nil {
		t.Error(err)
	}
}

func TestClosedFormsTellGridBugs(t *testing.T) {
	for name, wrong := range map[string]divergences{
		"KL reversed":     {func(p, q []float64) float64 { return KL(q, p) }, FisherDivergence},
		"Fisher reversed": {KL, func(p, q []float64, n []int, h []float64) float64 { return FisherDivergence(q, p, n, h) }},
		"without ½":       {KL, func(p, q []float64, n []int, h []float64) float64 { return 2 * FisherDivergence(p, q, n, h) }},
		"axes of the spacing": {KL, func(p, q []float64, n []int, h []float64) float64 {
			return FisherDivergence(p, q, n, []float64{h[1], h[0]})
		}},
		"axes of the shape": {KL, func(p, q []float64, n []int, h []float64) float64 {
			return FisherDivergence(p, q, []int{n[1], n[0]}, h)
		}},
		"q not normalised":     {func(p, q []float64) float64 { return KL(p, q) + 10 }, FisherDivergence},
		"one-sided difference": {KL, oneSidedFisher},
	} {
		if gridCheck(wrong) == nil {
			t.Errorf("not caught: %s", name)
		}
	}
}

// oneSidedFisher differs forwards along the first axis alone.
func oneSidedFisher(p, q []float64, shape []int, spacing []float64) float64 {
	sum, z := 0.0, 0.0
	for i := range p[:len(p)-shape[1]] {
		slope := (p[i+shape[1]] - q[i+shape[1]] - p[i] + q[i]) / spacing[0]
		sum, z = sum+math.Exp(p[i])*slope*slope/2, z+math.Exp(p[i])
	}
	return sum / z
}

// TestGridEdges: differences at the edges are of second order too, and impossible
// cells count as such.
func TestGridEdges(t *testing.T) {
	flat, square := make([]float64, 4), []float64{0, 1, 4, 9} // slopes of x²: 0, 2, 4, 6
	if got := FisherDivergence(flat, square, []int{4}, []float64{1}); math.Abs(got-(0+4+16+36)/8.0) > 1e-14 {
		t.Errorf("D_F on 4 cells is %v, want 7", got)
	}
	never := math.Inf(-1)
	if got := KL([]float64{0, never}, []float64{0, 0}); math.Abs(got-math.Ln2) > 1e-15 {
		t.Errorf("KL of one cell from two is %v", got)
	}
	if got := KL([]float64{0, 0}, []float64{0, never}); !math.IsInf(got, 1) {
		t.Errorf("KL where q has no probability is %v", got)
	}
	if got := KL([]float64{never, never}, []float64{0, 0}); !math.IsNaN(got) {
		t.Errorf("KL of no probability is %v", got)
	}
	if got := FisherDivergence([]float64{0, never, 0}, make([]float64, 3), []int{3}, []float64{1}); !math.IsNaN(got) && !math.IsInf(got, 0) {
		t.Errorf("D_F with an impossible cell is %v", got)
	}
}
