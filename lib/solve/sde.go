package solve

import (
	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/path"
	"gibbs/lib/rng"
)

// SDE is a stochastic differential equation whose noise does not depend on x.
//
//	dx = f(x, t) dt + g(t) dw
//
// Read with a negative dt it is the equation in reverse time: dw is then the
// increment of a Wiener process that runs backwards.
type SDE struct {
	Drift Field               // f
	G2    func(t *Node) *Node // g², t [batch] → [batch], not negative
}

// EulerMaruyama takes one step and returns x at t + dt. x [batch, event…]; t and
// dt [batch]; s is the stream of z ~ N(0, I).
//
//	x′ = x + f(x, t)·dt + √(g²(t)·|dt|)·z
//
// Its moments are off by O(dt) at a fixed time. Since g does not depend on x,
// so are its paths.
//
// Source: Maruyama, "Continuous Markov processes and stochastic equations", 1955;
// Kloeden, Platen, "Numerical solution of stochastic differential equations",
// 1992, eq. 10.2.2.
func EulerMaruyama(e SDE, s rng.State, x, t, dt *Node) (rng.State, *Node) {
	s, z := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
	spread := Sqrt(Mul(e.G2(t), Abs(dt)))
	drift := Mul(path.Along(dt, x), apply(e.Drift, x, t))
	return s, Add(Add(x, drift), Mul(path.Along(spread, x), z))
}

// ForwardSDE returns the diffusion that takes data to noise: from t = 0 to t = 1.
//
//	dx = f(t)·x dt + g(t) dw
func ForwardSDE(p path.Schedule) SDE {
	return SDE{Drift: func(x, t *Node) *Node { return linear(p, x, t) }, G2: g2(p)}
}

// ReverseSDE returns the diffusion that takes noise to data, with the same marginals
// as ForwardSDE: to be run from t = 1 to t = 0, with negative steps.
//
//	dx = (f(t)·x − g²(t)·∇ log p_t(x)) dt + g(t) dw̄
//
// Source: Anderson, "Reverse-time diffusion equation models", 1982; Song et al.,
// "Score-based generative modeling through stochastic differential equations",
// 2021, eq. 6.
func ReverseSDE(p path.Schedule, d path.Denoiser) SDE {
	return SDE{Drift: againstScore(p, d, 1), G2: g2(p)}
}

// ProbabilityFlow returns the ordinary equation that has the marginals of
// ForwardSDE without any noise: from t = 1 to t = 0 it takes noise to data, the other way data
// to noise.
//
//	dx/dt = f(t)·x − ½·g²(t)·∇ log p_t(x)
//
// Source: Song et al., 2021, eq. 13.
func ProbabilityFlow(p path.Schedule, d path.Denoiser) Field {
	return againstScore(p, d, 0.5)
}

// againstScore returns f(t)·x − share·g²(t)·∇ log p_t(x).
func againstScore(p path.Schedule, d path.Denoiser, share float64) Field {
	score := d.Score(p)
	return func(x, t *Node) *Node {
		pull := Mul(path.Along(g2(p)(t), x), score(x, t))
		return Sub(linear(p, x, t), MulScalar(pull, share))
	}
}

// linear returns f(t)·x.
func linear(p path.Schedule, x, t *Node) *Node {
	f, _ := p.DriftDiffusion(t)
	return Mul(path.Along(f, x), x)
}

// g2 returns g² of a schedule.
func g2(p path.Schedule) func(t *Node) *Node {
	return func(t *Node) *Node {
		_, g2 := p.DriftDiffusion(t)
		return g2
	}
}
