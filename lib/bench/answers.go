package main

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// mean of independent numbers, with its standard error.
func mean(x []float64) Quantity {
	m, s := stat.MeanStdDev(x, nil)
	return Quantity{m, s / math.Sqrt(float64(len(x)))}
}

// variance of independent numbers, with the standard error that their fourth
// moment gives it.
func variance(x []float64) Quantity {
	m := stat.Mean(x, nil)
	centred := make([]float64, len(x))
	for i, v := range x {
		centred[i] = (v - m) * (v - m)
	}
	return mean(centred)
}

// plane is what a sample of the plane is judged by: flat holds x₁, x₂ of each point.
func plane(flat []float32) Answer {
	n := len(flat) / 2
	x1, x2, left, away := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		x1[i], x2[i] = float64(flat[2*i]), float64(flat[2*i+1])
		away[i] = math.Abs(x1[i])
		if x1[i] < 0 {
			left[i] = 1
		}
	}
	return Answer{"mean of x₁": mean(x1), "P(x₁ < 0)": mean(left), "mean of |x₁|": mean(away), "variance of x₂": variance(x2)}
}
