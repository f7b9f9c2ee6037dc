package hopfield

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Network is a classical Hopfield network: N units ±1 with symmetric weights. It does
// not change, and may be used from many goroutines.
//
//	E(x) = −½ xᵀWx − bᵀx,   h = Wx + b,   xᵢ ← sign hᵢ, and as it is where hᵢ = 0
//
// A field counts as 0 where rounding could have made it: |hᵢ| ≤ N·2⁻⁵²·(Σⱼ|Wᵢⱼ| + |bᵢ|).
//
// Source: Hopfield, "Neural networks and physical systems with emergent collective
// computational abilities", 1982.
type Network struct {
	w     *mat.SymDense
	bias  []float64 // [N]
	slack []float64 // [N]: what counts as a field of 0
}

// NewNetwork returns the network of weights [N, N] and biases [N]; nil biases are 0.
// Both are copied. The error says that a number is not finite, that biases are not N,
// or that a unit weighs on itself negatively, where the energy need not fall.
func NewNetwork(w mat.Symmetric, bias []float64) (*Network, error) {
	n := w.SymmetricDim()
	if bias == nil {
		bias = make([]float64, n)
	}
	if len(bias) != n {
		return nil, fmt.Errorf("hopfield: %d biases for %d units; give one for each, or nil", len(bias), n)
	}
	net := &Network{mat.NewSymDense(n, nil), append([]float64(nil), bias...), make([]float64, n)}
	net.w.CopySym(w)
	for i := range n {
		if w.At(i, i) < 0 {
			return nil, fmt.Errorf("hopfield: weight (%d, %d) is %g; descent needs a diagonal that is not negative, zero it", i, i, w.At(i, i))
		}
		sum := math.Abs(bias[i])
		for j := range n {
			sum += math.Abs(w.At(i, j))
		}
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			return nil, fmt.Errorf("hopfield: a weight or bias of unit %d is not finite", i)
		}
		net.slack[i] = sum * float64(n) * 0x1p-52
	}
	return net, nil
}

// Units is N.
func (net *Network) Units() int { return len(net.bias) }

// Weights returns W, a copy.
func (net *Network) Weights() *mat.SymDense {
	w := mat.NewSymDense(net.Units(), nil)
	w.CopySym(net.w)
	return w
}

// Energy returns E(x). It panics unless x has N units ±1.
func (net *Network) Energy(x []int8) float64 {
	e := 0.0
	for i, h := range net.Fields(x) {
		e -= float64(x[i]) * (h + net.bias[i]) / 2
	}
	return e
}

// Fields returns h = Wx + b, with the diagonal of W if it has one. It panics unless x
// has N units ±1.
func (net *Network) Fields(x []int8) []float64 {
	if err := checkState(x, net.Units()); err != nil {
		panic("hopfield: " + err.Error())
	}
	h := append([]float64(nil), net.bias...)
	for j, s := range x {
		net.push(h, j, float64(s))
	}
	return h
}

// push adds the weights of unit j, times a change of it, to the fields h.
func (net *Network) push(h []float64, j int, change float64) {
	w := net.w.RawSymmetric() // the upper triangle, row by row
	for i := range j {
		h[i] += change * w.Data[i*w.Stride+j]
	}
	for i := j; i < w.N; i++ {
		h[i] += change * w.Data[j*w.Stride+i]
	}
}

// sign is the state that unit i takes in the field h: x where h counts as 0.
func (net *Network) sign(i int, h float64, x int8) int8 {
	switch {
	case h > net.slack[i]:
		return 1
	case h < -net.slack[i]:
		return -1
	}
	return x
}
