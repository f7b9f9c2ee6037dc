package energy

import (
	"math"

	"github.com/gomlx/gomlx/support/exceptions"
)

// Mean is what is known of the energy at one inverse temperature.
type Mean struct {
	Beta     float64 // β
	U        float64 // ⟨E⟩
	Variance float64 // Var(E) = −∂U/∂β; 0 in all means unknown
	SE       float64 // standard error of U; 0: exact
}

// Integrate returns log Z at the last β less that at the first, by thermodynamic
// integration, and its standard error.
//
//	log Z(b) − log Z(a) = −∫ₐᵇ ⟨E⟩ dβ
//
// Each interval h adds −h(U + U′)/2 + h²(V − V′)/12: the trapezoidal rule, whose
// error is O(h²), and the correction by the slopes −V of U, which leaves O(h⁴).
// Errors of the means are independent; those of the variances are left out, as
// they enter with h². Along any other path f_β, U is −⟨∂log f_β/∂β⟩.
//
// It panics on fewer than two means, or if their β do not run one way.
//
// Source: Kirkwood, "Statistical mechanics of fluid mixtures", 1935; the
// correction: Friel, Hurn, Wyse, "Improving power posterior estimation of
// statistical evidence", 2014.
func Integrate(means []Mean) (logRatio, se float64) {
	if len(means) < 2 {
		exceptions.Panicf("energy: Integrate over %d means: want at least 2", len(means))
	}
	weights := make([]float64, len(means))
	for i, b := range means[1:] {
		a := means[i]
		h := b.Beta - a.Beta
		if !(h*(means[1].Beta-means[0].Beta) > 0) {
			exceptions.Panicf("energy: Integrate: β = %g follows %g: they must run one way", b.Beta, a.Beta)
		}
		logRatio += -h*(a.U+b.U)/2 + h*h*(a.Variance-b.Variance)/12
		weights[i] += h / 2
		weights[i+1] += h / 2
	}
	for i, m := range means {
		se = math.Hypot(se, weights[i]*m.SE)
	}
	return logRatio, se
}
