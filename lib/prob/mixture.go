package prob

import (
	"fmt"
	"math"

	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/support/exceptions"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Mixture is a mixture of Gaussians with diagonal covariances.
//
//	p(x) = Σₖ wₖ N(x; μₖ, diag σₖ²)
//
// LogProb is normalised. LogProb and Score stay finite wherever ‖x−μ‖²/σ² does in
// the dtype of x (up to about 1e19 in float32). All methods panic, and name the
// field, on a malformed mixture.
type Mixture struct {
	Means   [][]float64 // [components][dim], at least one
	Weights []float64   // [components], not negative, scaled to sum to one; nil means equal weights
	Sigmas  [][]float64 // standard deviations, [components][dim], or [components][1] for isotropic ones; nil means 1
}

var _ Density = (*Mixture)(nil)

// StandardNormal returns N(0, I) in dim dimensions.
func StandardNormal(dim int) *Mixture {
	return &Mixture{Means: [][]float64{make([]float64, dim)}}
}

// TwoModes returns ½ N((−2, 0), I) + ½ N((2, 0), I), the target of the lessons on
// score matching. Its coordinates are independent.
func TwoModes() *Mixture {
	return &Mixture{Means: [][]float64{{-2, 0}, {2, 0}}}
}

// ThreeModes returns 0.33 N(−3, 1) + 0.33 N(0, 1) + 0.34 N(3, 1) on the line.
func ThreeModes() *Mixture {
	return &Mixture{Means: [][]float64{{-3}, {0}, {3}}, Weights: []float64{0.33, 0.33, 0.34}}
}

// Smooth returns the exact law of x + σε with x from m and ε ~ N(0, I): every
// variance grows by σ².
func (m *Mixture) Smooth(sigma float64) *Mixture {
	if !(sigma >= 0) {
		exceptions.Panicf("prob: Smooth: sigma must not be negative, got %g", sigma)
	}
	means, weights, sigmas := m.parameters()
	for _, row := range sigmas {
		for d := range row {
			row[d] = math.Hypot(row[d], sigma)
		}
	}
	return &Mixture{Means: means, Weights: weights, Sigmas: sigmas}
}

// LogProb returns log p(x). x [batch, dim] → [batch].
func (m *Mixture) LogProb(x *Node) *Node {
	logJoint, _ := m.terms(x)                                   // [batch, components]
	top := StopGradient(ReduceAndKeep(logJoint, ReduceMax, -1)) // [batch, 1]
	sum := ReduceSum(Exp(Sub(logJoint, top)), -1)               // [batch]
	return Add(Log(sum), Squeeze(top, -1))
}

// Score returns ∇ log p(x) in closed form, shaped like x [batch, dim].
//
//	∇ log p(x) = Σₖ rₖ(x) (μₖ − x)/σₖ²,   r = softmax of log wₖ N(x; μₖ, σₖ²)
func (m *Mixture) Score(x *Node) *Node {
	logJoint, pulls := m.terms(x)
	top := StopGradient(ReduceAndKeep(logJoint, ReduceMax, -1))
	joint := Exp(Sub(logJoint, top)) // [batch, components], the largest is 1
	share := Div(joint, ReduceAndKeep(joint, ReduceSum, -1))
	return ReduceSum(Mul(ExpandAxes(share, -1), pulls), 1)
}

// terms returns log wₖ N(x; μₖ, σₖ²), [batch, components], and (μₖ − x)/σₖ²,
// [batch, components, dim].
func (m *Mixture) terms(x *Node) (logJoint, pulls *Node) {
	means, weights, sigmas := m.parameters()
	x.AssertDims(-1, len(means[0]))
	precisions, offsets := make([][]float64, len(means)), make([]float64, len(means))
	for k, row := range sigmas {
		precisions[k] = make([]float64, len(row))
		offsets[k] = math.Log(weights[k])
		for d, sigma := range row {
			precisions[k][d] = 1 / (sigma * sigma)
			offsets[k] -= math.Log(sigma) + 0.5*math.Log(2*math.Pi)
		}
	}
	gap := Sub(ConstAs(x, [][][]float64{means}), ExpandAxes(x, 1)) // [batch, components, dim]
	pulls = Mul(gap, ConstAs(x, [][][]float64{precisions}))
	distance := ReduceSum(Mul(gap, pulls), -1) // [batch, components]
	return Add(MulScalar(distance, -0.5), ConstAs(x, [][]float64{offsets})), pulls
}

// Sample draws n examples, [n, dim].
func (m *Mixture) Sample(s rng.State, dtype dtypes.DType, n int) (rng.State, *Node) {
	means, weights, sigmas := m.parameters()
	for k, w := range weights {
		weights[k] = math.Log(w)
	}
	g := s.Node().Graph()
	s, component := rng.Categorical(s, ConstAsDType(g, dtype, weights), n) // [n]
	s, z := rng.Normal(s, dtype, n, len(means[0]))
	component = ExpandAxes(component, -1)
	mu := Gather(ConstAsDType(g, dtype, means), component)     // [n, dim]
	sigma := Gather(ConstAsDType(g, dtype, sigmas), component) // [n, dim]
	return s, Add(mu, Mul(sigma, z))
}

// Dim is the length of an example.
func (m *Mixture) Dim() int {
	means, _, _ := m.parameters()
	return len(means[0])
}

// LogZ is 0: LogProb is normalised.
func (m *Mixture) LogZ() float64 { return 0 }

// Mean is Σₖ wₖ μₖ.
func (m *Mixture) Mean() []float64 {
	means, weights, _ := m.parameters()
	mean := make([]float64, len(means[0]))
	for k, w := range weights {
		floats.AddScaled(mean, w, means[k])
	}
	return mean
}

// Cov is Σₖ wₖ (diag σₖ² + (μₖ − Mean)(μₖ − Mean)ᵀ).
func (m *Mixture) Cov() *mat.SymDense {
	means, weights, sigmas := m.parameters()
	mean := m.Mean()
	cov := mat.NewSymDense(len(mean), nil)
	for k, w := range weights {
		for i := range mean {
			cov.SetSym(i, i, cov.At(i, i)+w*sigmas[k][i]*sigmas[k][i])
		}
		floats.Sub(means[k], mean)
		cov.SymRankOne(cov, w, mat.NewVecDense(len(mean), means[k]))
	}
	return cov
}

// parameters returns copies of the means, of the weights summing to one, and of
// the standard deviations [components][dim]. It panics on a malformed mixture.
func (m *Mixture) parameters() (means [][]float64, weights []float64, sigmas [][]float64) {
	k := len(m.Means)
	if k == 0 || len(m.Means[0]) == 0 {
		panicMixture("Means must hold at least one row of at least one number")
	}
	if m.Weights != nil && len(m.Weights) != k || m.Sigmas != nil && len(m.Sigmas) != k {
		panicMixture("%d Means but %d Weights and %d Sigmas", k, len(m.Weights), len(m.Sigmas))
	}
	dim := len(m.Means[0])
	for i, mean := range m.Means {
		if len(mean) != dim {
			panicMixture("Means[%d] has %d numbers, Means[0] has %d", i, len(mean), dim)
		}
		means = append(means, append([]float64(nil), mean...))
		weights = append(weights, 1)
		if m.Weights != nil {
			weights[i] = m.Weights[i]
		}
		row := make([]float64, dim)
		for d := range row {
			row[d] = m.sigma(i, d)
			if !(row[d] > 0) || math.IsInf(row[d], 0) || math.IsNaN(mean[d]) || math.IsInf(mean[d], 0) || !(weights[i] >= 0) {
				panicMixture("component %d: want a finite mean, a positive sigma and a weight that is not negative, got %v, %g, %g", i, mean, row[d], weights[i])
			}
		}
		sigmas = append(sigmas, row)
	}
	total := floats.Sum(weights)
	if !(total > 0) || math.IsInf(total, 0) {
		panicMixture("Weights must have a positive, finite sum, got %g", total)
	}
	floats.Scale(1/total, weights)
	return means, weights, sigmas
}

// sigma returns the standard deviation of a component along an axis.
func (m *Mixture) sigma(component, axis int) float64 {
	if m.Sigmas == nil {
		return 1
	}
	switch row := m.Sigmas[component]; len(row) {
	case 1:
		return row[0]
	case len(m.Means[component]):
		return row[axis]
	}
	panicMixture("Sigmas[%d] has %d numbers, want 1 or %d", component, len(m.Sigmas[component]), len(m.Means[component]))
	return 0
}

func panicMixture(format string, args ...any) {
	exceptions.Panicf("prob: Mixture: %s", fmt.Sprintf(format, args...))
}
