package prob

import "fmt"

// FisherInformation returns I = E‖∇ log p‖² under m, by quadrature. The least
// possible denoising score matching loss at noise σ in d dimensions, the mean of
// ‖s(x + σε) + ε/σ‖², is d/σ² − I of m.Smooth(σ).
func (m *Mixture) FisherInformation() (float64, error) {
	s := make([]float64, m.Dim())
	score := m.hostScore()
	return m.Expectation(func(x []float64) float64 {
		score(x, s)
		return squaredNorm(s)
	})
}

// FisherDivergence returns ½ E‖∇ log p − ∇ log q‖² with x from p, by quadrature.
// It is not symmetric in p and q.
func FisherDivergence(p, q *Mixture) (float64, error) {
	if p.Dim() != q.Dim() {
		return 0, fmt.Errorf("prob: FisherDivergence: p has %d dimensions, q has %d", p.Dim(), q.Dim())
	}
	a, b := make([]float64, p.Dim()), make([]float64, p.Dim())
	scoreP, scoreQ := p.hostScore(), q.hostScore()
	return p.Expectation(func(x []float64) float64 {
		scoreP(x, a)
		scoreQ(x, b)
		for d := range a {
			a[d] -= b[d]
		}
		return squaredNorm(a) / 2
	})
}

// ImplicitObjective returns Hyvärinen's objective for the score of q under p, by
// quadrature: what implicit score matching minimises.
//
//	J = E_p[ tr ∇s_q + ½‖s_q‖² ] = D_F(p‖q) − ½I(p)
//
// Source: Hyvärinen, "Estimation of non-normalized statistical models by score
// matching", 2005, eq. 4.
func ImplicitObjective(p, q *Mixture) (float64, error) {
	if p.Dim() != q.Dim() {
		return 0, fmt.Errorf("prob: ImplicitObjective: p has %d dimensions, q has %d", p.Dim(), q.Dim())
	}
	s := make([]float64, p.Dim())
	score, trace := q.hostScore(), q.hostTrace()
	return p.Expectation(func(x []float64) float64 {
		score(x, s)
		return trace(x) + squaredNorm(s)/2
	})
}

// KL returns the Kullback–Leibler divergence E[log p − log q] with x from p, by
// quadrature, in nats. It is not symmetric in p and q.
func KL(p, q *Mixture) (float64, error) {
	if p.Dim() != q.Dim() {
		return 0, fmt.Errorf("prob: KL: p has %d dimensions, q has %d", p.Dim(), q.Dim())
	}
	logP, logQ := p.hostLogProb(), q.hostLogProb()
	return p.Expectation(func(x []float64) float64 { return logP(x) - logQ(x) })
}
