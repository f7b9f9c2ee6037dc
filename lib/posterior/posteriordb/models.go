package posteriordb

import (
	"gibbs/lib/mcmc"
	"gibbs/lib/posterior"

	. "github.com/gomlx/gomlx/core/graph"
	"gonum.org/v1/gonum/stat"
)

// EightSchools returns the effects of coaching in eight schools, not centred:
//
//	θⱼ = μ + τzⱼ,   zⱼ ~ N(0, 1),   yⱼ ~ N(θⱼ, σⱼ),   μ ~ N(0, 5),   τ ~ half-Cauchy(5)
//
// As in all of this package, N has a standard deviation. Source: Rubin, "Estimation in
// parallel randomized experiments", 1981.
func EightSchools() Posterior {
	var data struct{ Y, Sigma []float64 }
	p := load("eight_schools-eight_schools_noncentered", &data)
	mu, tau, z := posterior.Unbounded().Label("mu"), posterior.Positive().Label("tau"), posterior.Unbounded(len(data.Y)).Label("z")
	theta := posterior.Derived(func(at posterior.Point) *Node {
		return Add(at.Of(mu), Mul(at.Of(tau), at.Of(z)))
	}).Label("theta")
	p.Model = posterior.Model{
		Parameters: []*posterior.Param{mu, tau, z},
		Derived:    []*posterior.Quantity{theta},
		Joint: func(at posterior.Point) *Node {
			return posterior.Sum(
				posterior.Normal(at.Of(mu), 0, 5),
				posterior.HalfCauchy(at.Of(tau), 5),
				posterior.Normal(at.Of(z), 0, 1),
				posterior.Normal(data.Y, at.Of(theta), data.Sigma))
		},
	}
	p.Sampling.Accept = 0.99
	return p
}

// AR5 returns an autoregression of order 5:
//
//	yₜ ~ N(α + Σₖ βₖyₜ₋ₖ, σ),   α, βₖ ~ N(0, 10),   σ ~ half-Cauchy(2.5)
func AR5() Posterior {
	var data struct {
		K int
		Y []float64
	}
	p := load("arK-arK", &data)
	var past [][]float64
	for t := data.K; t < len(data.Y); t++ {
		row := make([]float64, data.K)
		for k := range row {
			row[k] = data.Y[t-1-k]
		}
		past = append(past, row)
	}
	alpha, beta, sigma := posterior.Unbounded().Label("alpha"), posterior.Unbounded(data.K).Label("beta"), posterior.Positive().Label("sigma")
	p.Model = posterior.Model{
		Parameters: []*posterior.Param{alpha, beta, sigma},
		Joint: func(at posterior.Point) *Node {
			mean := Add(at.Of(alpha), posterior.Linear(past, at.Of(beta)))
			return posterior.Sum(
				posterior.Normal(at.Of(alpha), 0, 10),
				posterior.Normal(at.Of(beta), 0, 10),
				posterior.HalfCauchy(at.Of(sigma), 2.5),
				posterior.Normal(data.Y[data.K:], mean, at.Of(sigma)))
		},
	}
	return p
}

// GaussianMixture returns a mixture of two Gaussians on the line, 1,000 points:
//
//	y ~ θN(μ₁, σ₁) + (1−θ)N(μ₂, σ₂),   μ₁ < μ₂ ~ N(0, 2),   σ ~ half-N(2),   θ ~ Beta(5, 5)
func GaussianMixture() Posterior {
	var data struct{ Y []float64 }
	p := load("low_dim_gauss_mix-low_dim_gauss_mix", &data)
	mu, sigma := posterior.Ordered(2).Label("mu"), posterior.Positive(2).Label("sigma")
	theta := posterior.Interval(0, 1).Label("theta")
	p.Model = posterior.Model{
		Parameters: []*posterior.Param{mu, sigma, theta},
		Joint: func(at posterior.Point) *Node {
			component := func(k int) *Node {
				column := func(v posterior.Variable) *Node { return Slice(at.Of(v), AxisRange(), AxisRange(k, k+1)) }
				return posterior.Normal(data.Y, column(mu), column(sigma))
			}
			return posterior.Sum(
				posterior.Normal(at.Of(mu), 0, 2),
				posterior.HalfNormal(at.Of(sigma), 2),
				posterior.Beta(at.Of(theta), 5, 5),
				posterior.LogMix(at.Of(theta), component(0), component(1)))
		},
	}
	return p
}

// line is a straight line through points. It is sampled by its height at the mean of x
// and by its rise over a standard deviation of x: the points say as much of the one as
// of the other, and each alone.
type line struct {
	height, rise, sigma *posterior.Param
	alpha, beta         *posterior.Quantity // the height at x = 0, and the slope
	x                   []float64           // with mean 0 and standard deviation 1
}

func newLine(x []float64) line {
	l := line{height: posterior.Unbounded().Label("height"), rise: posterior.Unbounded().Label("rise"), sigma: posterior.Positive()}
	mean, sd := stat.MeanStdDev(x, nil)
	for _, v := range x {
		l.x = append(l.x, (v-mean)/sd)
	}
	l.beta = posterior.Derived(func(at posterior.Point) *Node { return DivScalar(at.Of(l.rise), sd) })
	l.alpha = posterior.Derived(func(at posterior.Point) *Node {
		return Sub(at.Of(l.height), MulScalar(at.Of(l.rise), mean/sd))
	})
	return l
}

// likelihood is log N(y; α + βx, σ), [chains, n].
func (l line) likelihood(at posterior.Point, y []float64) *Node {
	return posterior.Normal(y, Add(at.Of(l.height), Mul(at.Of(l.rise), at.Data(l.x))), at.Of(l.sigma))
}

// Kilpisjarvi returns the trend of summer temperatures at Kilpisjärvi:
//
//	y ~ N(α + βx, σ),   α ~ N(9.31, 100),   β ~ N(0, 1/30),   σ flat above 0
func Kilpisjarvi() Posterior {
	var data struct{ X, Y []float64 }
	var prior struct {
		Alpha  float64 `json:"pmualpha"`
		SAlpha float64 `json:"psalpha"`
		Beta   float64 `json:"pmubeta"`
		SBeta  float64 `json:"psbeta"`
	}
	p := load("kilpisjarvi_mod-kilpisjarvi", &data)
	read(p.Name, "data.json", &prior)
	l := newLine(data.X)
	p.Model = posterior.Model{
		Parameters: []*posterior.Param{l.height, l.rise, l.sigma.Label("sigma")},
		Derived:    []*posterior.Quantity{l.alpha.Label("alpha"), l.beta.Label("beta")},
		Joint: func(at posterior.Point) *Node {
			return posterior.Sum(
				posterior.Normal(at.Of(l.alpha), prior.Alpha, prior.SAlpha),
				posterior.Normal(at.Of(l.beta), prior.Beta, prior.SBeta),
				l.likelihood(at, data.Y))
		},
	}
	return p
}

// EarnHeight returns earnings by height, of 1,192 people, all priors flat:
//
//	earn ~ N(β₁ + β₂·height, σ)
//
// The parameters are in thousands.
func EarnHeight() Posterior {
	var data struct{ Earn, Height []float64 }
	p := load("earnings-earn_height", &data)
	const unit = 1000
	earn := make([]float64, len(data.Earn))
	for i, v := range data.Earn {
		earn[i] = v / unit
	}
	l := newLine(data.Height)
	beta := posterior.Derived(func(at posterior.Point) *Node {
		return MulScalar(Concatenate([]*Node{at.Of(l.alpha), at.Of(l.beta)}, 1), unit)
	}).Label("beta")
	sigma := posterior.Derived(func(at posterior.Point) *Node { return MulScalar(at.Of(l.sigma), unit) }).Label("sigma")
	p.Model = posterior.Model{
		Parameters: []*posterior.Param{l.height, l.rise, l.sigma.Label("spread")},
		Derived:    []*posterior.Quantity{beta, sigma},
		Joint:      func(at posterior.Point) *Node { return posterior.Sum(l.likelihood(at, earn)) },
	}
	return p
}

// LinearRegression returns a regression on five inputs:
//
//	y ~ N(Xβ, σ),   β ~ N(0, 10),   σ ~ half-N(10)
func LinearRegression() Posterior {
	var data struct {
		X [][]float64
		Y []float64
	}
	p := load("sblri-blr", &data)
	beta, sigma := posterior.Unbounded(len(data.X[0])).Label("beta"), posterior.Positive().Label("sigma")
	p.Model = posterior.Model{
		Parameters: []*posterior.Param{beta, sigma},
		Joint: func(at posterior.Point) *Node {
			return posterior.Sum(
				posterior.Normal(at.Of(beta), 0, 10),
				posterior.HalfNormal(at.Of(sigma), 10),
				posterior.Normal(data.Y, posterior.Linear(data.X, at.Of(beta)), at.Of(sigma)))
		},
	}
	return p
}

// GaussianProcess returns a Gaussian process with a squared exponential kernel, 11
// points; σ is a variance:
//
//	y ~ N(0, K),   Kᵢⱼ = α² exp(−(xᵢ − xⱼ)²/2ρ²) + σ[i = j]
//	ρ ~ Gamma(25, 4),   α ~ half-N(2),   σ ~ half-N(1)
func GaussianProcess() Posterior {
	var data struct{ X, Y []float64 }
	p := load("gp_pois_regr-gp_regr", &data)
	n := len(data.X)
	squares, one := make([][]float64, n), make([][]float64, n) // −½(xᵢ − xⱼ)², and I
	for i := range n {
		squares[i], one[i] = make([]float64, n), make([]float64, n)
		one[i][i] = 1
		for j := range n {
			squares[i][j] = -0.5 * (data.X[i] - data.X[j]) * (data.X[i] - data.X[j])
		}
	}
	rho, alpha, sigma := posterior.Positive().Label("rho"), posterior.Positive().Label("alpha"), posterior.Positive().Label("sigma")
	p.Model = posterior.Model{
		Parameters: []*posterior.Param{rho, alpha, sigma},
		Joint: func(at posterior.Point) *Node {
			number := func(v posterior.Variable) *Node { return ExpandAxes(at.Of(v), 2) } // [chains, 1, 1]
			smooth := Mul(Square(number(alpha)), Exp(Div(at.Data(squares), Square(number(rho)))))
			k := Add(smooth, Mul(number(sigma), at.Data(one)))
			return posterior.Sum(
				posterior.Gamma(at.Of(rho), 25, 4),
				posterior.HalfNormal(at.Of(alpha), 2),
				posterior.HalfNormal(at.Of(sigma), 1),
				posterior.MultivariateNormal(data.Y, 0, posterior.Cholesky(k)))
		},
	}
	return p
}

// load reads the data of a posterior and begins it.
func load(name string, data any) Posterior {
	read(name, "data.json", data)
	return Posterior{
		Name: name, Reference: references(name),
		Sampling: mcmc.Sampling{Chains: 10, Warmup: 1000, Draws: 1000, Accept: 0.9},
	}
}
