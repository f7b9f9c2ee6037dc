package rbm_test

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// alpha is the number of standard errors that a right mean exceeds once in a million
// times.
const alpha = 4.89

// off is the distance of the mean of independent draws from what it should be, in
// standard errors.
func off(x []float64, want float64) float64 {
	mean, sd := stat.MeanStdDev(x, nil)
	return (mean - want) / (sd / math.Sqrt(float64(len(x))))
}
