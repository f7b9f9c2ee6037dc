package prob

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// spectralGap returns the smallest positive eigenvalue of the Langevin generator
// f ↦ −f″ − (log p)′ f′ along x₁, where x₁ is independent of x₂. Finite
// differences with steps h and h/2, and Richardson's extrapolation of their h²
// error.
func spectralGap(p *Mixture) float64 {
	return (4*gapOnGrid(p, 320) - gapOnGrid(p, 160)) / 3
}

// gapOnGrid discretises [−9, 9] as a reversible birth–death chain whose rates
// √(π′/π)/h² keep π. Its symmetric form has −1/h² beside the diagonal.
func gapOnGrid(p *Mixture, n int) float64 {
	h := 18 / float64(n)
	logProb, logP := p.hostLogProb(), make([]float64, n+1)
	for i := range logP {
		logP[i] = logProb([]float64{-9 + h*float64(i), 0})
	}
	generator := mat.NewSymDense(n+1, nil)
	for i := range n {
		rate := math.Exp((logP[i+1] - logP[i]) / 2)
		generator.SetSym(i, i, generator.At(i, i)+rate/(h*h))
		generator.SetSym(i+1, i+1, generator.At(i+1, i+1)+1/(rate*h*h))
		generator.SetSym(i, i+1, -1/(h*h))
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(generator, false) {
		return math.NaN()
	}
	return eigen.Values(nil)[1]
}
