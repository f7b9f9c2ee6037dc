package data

import (
	"math"

	"gibbs/lib/rng"
)

// SwissRoll draws n points of the plane on a spiral of one and a half turns:
//
//	x = (t cos t, t sin t),  t = 1.5π(1 + 2u),  u uniform on (0, 1)
//
// Its mean is (2, 2/(3π)), E‖x‖² = 39π²/4 = 96.229, its radius 4.71 to 14.14, and
// neighbouring arms are 2π apart: divide by 10 before training. No labels.
func SwissRoll(n int, seed int64) *Set {
	set := &Set{Shape: []int{2}}
	for _, u := range rng.NewHost(seed).Uniform(n) {
		t := 1.5 * math.Pi * (1 + 2*u)
		set.X = append(set.X, float32(t*math.Cos(t)), float32(t*math.Sin(t)))
	}
	return set
}

// TwoMoons draws n points of two half circles of radius 1 that grip each other,
// with Gaussian noise of standard deviation sigma. The upper one, label 0, is
// (cos θ, sin θ); the lower one, label 1, (1 − cos θ, ½ − sin θ); θ is uniform on
// (0, π). Labels alternate.
func TwoMoons(n int, sigma float64, seed int64) *Set {
	h := rng.NewHost(seed)
	u, z := h.Uniform(n), h.Normal(2*n)
	set := &Set{Shape: []int{2}}
	for i := range n {
		sin, cos := math.Sincos(math.Pi * u[i])
		x, y := cos, sin
		if i%2 == 1 {
			x, y = 1-cos, 0.5-sin
		}
		set.X = append(set.X, float32(x+sigma*z[2*i]), float32(y+sigma*z[2*i+1]))
		set.Labels = append(set.Labels, int32(i%2))
	}
	return set
}
