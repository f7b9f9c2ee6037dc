package mcmc_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/mcmc"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// TestRandomWalkAcceptance has the lecture's table (E.11), and in two dimensions the
// closed form of Student's law. In 2, 5, 10 and 50 dimensions the lecture has .3564,
// .2876, .2617 and .2396, which are off by up to 2e-4.
func TestRandomWalkAcceptance(t *testing.T) {
	for _, row := range []struct{ sigma, want float64 }{{0, 1}, {0.1, 0.968195}, {1, 0.704833}, {2, 0.5}, {2.38, 0.444906}, {10, 0.125666}} {
		within(t, "on the line", mcmc.RandomWalkAcceptance(1, row.sigma), row.want, 5e-7)
	}
	for _, row := range []struct {
		dim  int
		want float64
	}{{2, 1 - 1.19/math.Sqrt(2+1.19*1.19)}, {5, 0.28746}, {10, 0.26153}, {50, 0.23967}, {200, 0.2355}} {
		within(t, fmt.Sprintf("dimension %d", row.dim), mcmc.RandomWalkAcceptance(row.dim, 2.38/math.Sqrt(float64(row.dim))), row.want, 5e-5)
	}
	within(t, "limit", mcmc.RandomWalkAcceptance(1e8, 2.38e-4), math.Erfc(1.19/math.Sqrt2), 1e-7)
	if !math.IsNaN(mcmc.RandomWalkAcceptance(0, 1)) || !math.IsNaN(mcmc.RandomWalkAcceptance(1, -1)) {
		t.Error("dimension 0 or σ < 0: want NaN")
	}
}

// walks are random walks on N(0, 1) with mistakes; with none it is Metropolis.
type walks struct{ mistake string }

func (k walks) Init(x *Node) mcmc.State {
	return mcmc.State{X: x, LogP: MulScalar(Square(Squeeze(x, -1)), -0.5)}
}

func (k walks) Step(s rng.State, sigma *Node, at mcmc.State) (rng.State, mcmc.State, mcmc.Info) {
	s, z := rng.Normal(s, at.X.DType(), at.X.Shape().Dimensions...)
	s, u := rng.Uniform(s, at.X.DType(), at.X.Shape().Dimensions[0])
	y := Add(at.X, Mul(sigma, z))
	if k.mistake == "drift in a proposal called symmetric" {
		y = Add(MulScalar(at.X, 0.8), Mul(sigma, z))
	}
	next := k.Init(y)
	ratio := Sub(next.LogP, at.LogP)
	switch k.mistake {
	case "sign of the ratio":
		ratio = Neg(ratio)
	case "½ lost":
		ratio = MulScalar(ratio, 2)
	case "only uphill":
		ratio = Where(LessThan(ratio, ZerosLike(ratio)), MulScalar(OnesLike(ratio), -100), ratio)
	case "u from the noise":
		u = Exp(MulScalar(Square(Squeeze(z, -1)), -0.5))
	}
	alpha := Exp(MinScalar(ratio, 0))
	accepted := LessThan(u, alpha)
	chosen := mcmc.Select(accepted, next, at)
	if k.mistake == "log p of what was rejected" {
		chosen.LogP = next.LogP
	}
	if k.mistake == "moves before it asks" {
		chosen.X = next.X
	}
	return s, chosen, mcmc.Info{AcceptProb: alpha, Accepted: accepted}
}

// TestRandomWalkIsExact starts from N(0, 1) and holds chains to it after 20 steps, and
// their acceptance to the closed form; 20,000 chains see 5 % of the variance. Walks
// with planted mistakes must show, in the one or the other.
func TestRandomWalkIsExact(t *testing.T) {
	const chains, steps = 20_000, 20
	kernel := mcmc.Metropolis{Target: prob.StandardNormal(1)}
	config := mcmc.Config{Start: tensors.FromFlatDataAndDimensions(rng.NewHost(77).Normal(chains), chains, 1), Steps: steps, Keep: mcmc.KeepFinal, Seed: 5}
	sampler, err := mcmc.Compile(backend.MustOpen(), kernel, config)
	if err != nil {
		t.Fatal(err)
	}
	defer sampler.Finalize()
	for _, config.StepSize = range []float64{0.1, 1, 2.38, 10} {
		r, err := sampler.Run(context.Background(), config)
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("E x² at σ = %g", config.StepSize), each(flat(r.Final), square), 1)
		near(t, fmt.Sprintf("acceptance at σ = %g", config.StepSize), r.AcceptRate, mcmc.RandomWalkAcceptance(1, config.StepSize))
	}
	host := pureGo(t)
	for _, k := range []walks{
		{""}, {"sign of the ratio"}, {"½ lost"}, {"only uphill"}, {"u from the noise"},
		{"log p of what was rejected"}, {"moves before it asks"}, {"drift in a proposal called symmetric"},
	} {
		x, _ := gauss(t, host, k, chains, true, 1, steps)
		z := math.Abs(off(each(x, square), 1))
		t.Logf("%-38s off by %5.1f standard errors", k.mistake, z)
		if caught := !(z < alpha); caught != (k.mistake != "") {
			t.Errorf("mistake %q: off by %.1f standard errors", k.mistake, z)
		}
	}
}

// centred is N(0, cov) in graph form, up to a constant.
type centred struct{ precision [][]float64 }

func (p centred) LogProb(x *Node) *Node {
	return MulScalar(ReduceSum(Mul(x, Einsum("cj,ij->ci", x, ConstAs(x, p.precision))), 1), -0.5)
}

// TestRandomWalkShape steps in the shape of a correlated Gaussian, on which it accepts
// as it does on N(0, I), and leaves its law as it is.
func TestRandomWalkShape(t *testing.T) {
	const chains, rho, sigma = 5_000, 0.95, 1.2
	m, err := mcmc.DensePreconditioner(mat.NewSymDense(2, []float64{1, rho, rho, 1}))
	if err != nil {
		t.Fatal(err)
	}
	v := 1 - rho*rho
	target := centred{[][]float64{{1 / v, -rho / v}, {-rho / v, 1 / v}}}
	start := rng.NewHost(4).Normal(2 * chains)
	for i := 0; i < len(start); i += 2 {
		start[i+1] = rho*start[i] + math.Sqrt(v)*start[i+1]
	}
	r, err := mcmc.Run(context.Background(), pureGo(t), mcmc.Metropolis{Target: target, Propose: mcmc.RandomWalk(m)}, mcmc.Config{
		Start: tensors.FromFlatDataAndDimensions(start, chains, 2), StepSize: sigma, Steps: 10, Keep: mcmc.KeepFinal,
	})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "acceptance", r.AcceptRate, mcmc.RandomWalkAcceptance(2, sigma))
	products := make([]float64, chains)
	for i, x := range column(flat(r.Final), 0, 2) {
		products[i] = x * column(flat(r.Final), 1, 2)[i]
	}
	near(t, "E x₁x₂", products, rho)
}

// TestIndependence proposes from a shifted wide Gaussian, with the exact acceptance
// by quadrature, and on the half line by a multiplicative walk whose ratio is y/x.
// Without that ratio the law is another one.
func TestIndependence(t *testing.T) {
	const chains, steps = 20_000, 10
	q := &prob.Mixture{Means: [][]float64{{0.5}}, Sigmas: [][]float64{{2}}}
	kernel := mcmc.Metropolis{Target: prob.StandardNormal(1), Propose: mcmc.Independence(q)}
	x, rate := gauss(t, pureGo(t), kernel, chains, true, 1, steps)
	near(t, "E x²", each(x, square), 1)
	near(t, "E x", x, 0)
	const h = 0.02
	want := 0.0
	weight := func(x float64) float64 { return math.Exp(-x*x/2 + (x-0.5)*(x-0.5)/8) }
	for i := -350; i <= 350; i++ {
		for j := -800; j <= 800; j++ {
			x, y := h*float64(i), 0.5+h*float64(j)
			want += math.Exp(-x*x/2-(y-0.5)*(y-0.5)/8) * math.Min(1, weight(y)/weight(x)) * h * h / (4 * math.Pi)
		}
	}
	near(t, "acceptance", rate, want)

	scale := func(ratio bool) mcmc.Proposal {
		return func(s rng.State, sigma, x *Node) (rng.State, *Node, *Node) {
			s, z := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
			step := Mul(sigma, z) // log y/x
			if !ratio {
				return s, Mul(x, Exp(step)), nil
			}
			return s, Mul(x, Exp(step)), Squeeze(step, -1)
		}
	}
	start := each(rng.NewHost(8).Uniform(chains), func(u float64) float64 { return -math.Log(u) })
	for _, ratio := range []bool{true, false} {
		r, err := mcmc.Run(context.Background(), pureGo(t), mcmc.Metropolis{Target: exponential{}, Propose: scale(ratio)}, mcmc.Config{
			Start: tensors.FromFlatDataAndDimensions(start, chains, 1), StepSize: 1, Steps: steps, Keep: mcmc.KeepFinal,
		})
		if err != nil {
			t.Fatal(err)
		}
		if z := math.Abs(off(flat(r.Final), 1)); (z < alpha) != ratio {
			t.Errorf("multiplicative walk, with its ratio %v: the mean is off by %.1f standard errors", ratio, z)
		}
	}
}

// exponential is e^{−x} on x > 0; log p is −∞ below, and NaN below −1.
type exponential struct{}

func (exponential) LogProb(x *Node) *Node {
	x = Squeeze(x, -1)
	outside := Log(Where(LessThan(x, ConstAs(x, -1)), x, ZerosLike(x)))
	return Where(GreaterThan(x, ZerosLike(x)), Neg(x), outside)
}

// TestWalkStaysInside lets a random walk step out of the half line, in vain.
func TestWalkStaysInside(t *testing.T) {
	const chains = 5_000
	start := each(rng.NewHost(8).Uniform(chains), func(u float64) float64 { return -math.Log(u) })
	r, err := mcmc.Run(context.Background(), pureGo(t), mcmc.Metropolis{Target: exponential{}}, mcmc.Config{
		Start: tensors.FromFlatDataAndDimensions(start, chains, 1), StepSize: 2, Steps: 20, Keep: mcmc.KeepFinal,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range flat(r.Final) {
		if !(x > 0) || math.IsNaN(r.AcceptRate[i]) {
			t.Fatalf("chain %d is at %g and accepted %g", i, x, r.AcceptRate[i])
		}
	}
	near(t, "mean", flat(r.Final), 1)
}

// gaussGibbs draws one of two correlated normal coordinates given the other.
func gaussGibbs(column int, rho float64) mcmc.Gibbs {
	return func(s rng.State, x *Node) (rng.State, *Node) {
		other := SliceAxis(x, 1, AxisElem(1-column))
		s, z := rng.Normal(s, x.DType(), x.Shape().Dim(0), 1)
		return s, mcmc.SetColumns(x, column, Add(MulScalar(other, rho), MulScalar(z, math.Sqrt(1-rho*rho))))
	}
}

// TestGibbsForgets measures what a Gibbs scan of a correlated pair remembers: ρ² in a
// cycle, (1 + ρ²)/2 of a coordinate in one draw of a random scan (lecture E11.4). By
// Fisher's transform of 40,000 correlations it sees .005 in .81.
func TestGibbsForgets(t *testing.T) {
	const chains = 40_000
	for _, rho := range []float64{0.9, 0.99} {
		scan := mcmc.Cycle{gaussGibbs(0, rho), gaussGibbs(1, rho)}
		random := mcmc.Mixture{Kernels: scan}
		start := rng.NewHost(4).Normal(2 * chains)
		for i := 0; i < len(start); i += 2 {
			start[i+1] = rho*start[i] + math.Sqrt(1-rho*rho)*start[i+1]
		}
		for _, c := range []struct {
			kernel mcmc.Kernel
			want   float64
		}{{scan, rho * rho}, {random, (1 + rho*rho) / 2}} {
			r, err := mcmc.Run(context.Background(), pureGo(t), c.kernel, mcmc.Config{
				Start: tensors.FromFlatDataAndDimensions(start, chains, 2), StepSize: 1, Steps: 1, Keep: mcmc.KeepFinal,
			})
			if err != nil {
				t.Fatal(err)
			}
			got := stat.Correlation(column(start, 1, 2), column(flat(r.Final), 1, 2), nil)
			z := (math.Atanh(got) - math.Atanh(c.want)) * math.Sqrt(chains-3)
			if t.Logf("ρ = %g, %T: %.4f, want %.4f, z = %+.1f", rho, c.kernel, got, c.want, z); !(math.Abs(z) < alpha) {
				t.Errorf("ρ = %g, %T: correlation %.4f, want %.4f", rho, c.kernel, got, c.want)
			}
			if r.AcceptRate != nil {
				t.Error("Gibbs has an acceptance rate")
			}
		}
	}
}

// TestTemperingCrosses starts every replica in one of two modes 16 widths apart.
// Ladders find the other, and a random walk does not.
func TestTemperingCrosses(t *testing.T) {
	if testing.Short() {
		t.Skip("a short run leaves ladders to the states that can be listed")
	}
	const chains, steps = 300, 300
	target := &prob.Mixture{Means: [][]float64{{-8}, {8}}, Weights: []float64{1, 2}}
	kernel := mcmc.Tempering{
		Target: target, Betas: []float64{0.02, 0.06, 0.15, 0.4, 1}, Scale: []float64{7, 4, 2.6, 1.6, 1},
		Kernel: func(p prob.LogProber) mcmc.Kernel { return mcmc.Metropolis{Target: p} },
	}
	start := each(make([]float64, chains*5), func(float64) float64 { return -8 })
	r, err := mcmc.Run(context.Background(), pureGo(t), kernel, mcmc.Config{
		Start: tensors.FromFlatDataAndDimensions(start, chains, 5, 1), StepSize: 2.4, Steps: steps, Thin: steps,
		Observe: kernel.Cold,
	})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "weight of the left mode", each(flat(r.Draws), negative), 1./3)
	if rate := stat.Mean(r.AcceptRate, nil); rate < 0.1 || rate > 0.9 {
		t.Errorf("%.2f of the neighbours swap", rate)
	}
	walk, err := mcmc.Run(context.Background(), pureGo(t), mcmc.Metropolis{Target: target}, mcmc.Config{
		Start: points(50, -8), StepSize: 2.4, Steps: steps, Keep: mcmc.KeepFinal,
	})
	if err != nil {
		t.Fatal(err)
	}
	if left := stat.Mean(each(flat(walk.Final), negative), nil); left < 0.9 {
		t.Errorf("a random walk left its mode: %.2f are there still", left)
	}
}

// TestCompositionMisuse checks that wrong kernels are refused with a sentence.
func TestCompositionMisuse(t *testing.T) {
	host := pureGo(t)
	walk := mcmc.Metropolis{Target: prob.StandardNormal(2)}
	ladder := func(betas ...float64) mcmc.Tempering {
		return mcmc.Tempering{Target: prob.StandardNormal(2), Betas: betas, Kernel: func(p prob.LogProber) mcmc.Kernel { return walk }}
	}
	for _, c := range []struct {
		kernel mcmc.Kernel
		want   string
	}{
		{mcmc.Cycle{}, "no kernels"}, {mcmc.Mixture{}, "no kernels"},
		{mcmc.Mixture{Kernels: []mcmc.Kernel{walk}, Weights: []float64{1, 2}}, "one for each"},
		{mcmc.Mixture{Kernels: []mcmc.Kernel{walk}, Weights: []float64{-1}}, "negative"},
		{ladder(1), "at least 2"}, {ladder(1, 0.5), "ascend"}, {ladder(0, 1), "Base"}, {ladder(0.1, 0.5, 1), "replicas"},
		{mcmc.Gibbs(func(s rng.State, x *Node) (rng.State, *Node) { return s, mcmc.SetColumns(x, 1, x) }), "columns 1 to 2"},
	} {
		err := exceptions.TryCatch[error](func() {
			MustNewExec(host, func(x *Node) *Node {
				_, next, _ := c.kernel.Step(rng.New(x.Graph(), 1), ConstAs(x, 0.1), c.kernel.Init(x))
				return next.X
			}).MustCall1([][]float64{{0, 1}, {1, 2}})
		})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want a panic about %q, got %v", c.want, err)
		}
	}
}

// ExampleMetropolis samples a law on the half line by multiplicative steps.
func ExampleMetropolis() {
	scale := func(s rng.State, sigma, x *Node) (rng.State, *Node, *Node) {
		s, z := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
		step := Mul(sigma, z)
		return s, Mul(x, Exp(step)), Squeeze(step, -1) // log q(x|y)/q(y|x) = log y/x
	}
	const chains = 5_000
	r, err := mcmc.Run(context.Background(), backend.MustOpen(), mcmc.Metropolis{Target: exponential{}, Propose: scale}, mcmc.Config{
		Start: points(chains, 1), StepSize: 1.5, BurnIn: 50, Steps: 1, Keep: mcmc.KeepFinal,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("mean %.1f\n", stat.Mean(tensors.MustCopyFlatData[float64](r.Final), nil))
	// Output:
	// mean 1.0
}

// ExampleCycle is a Gibbs sampler of two normal coordinates of correlation ½.
func ExampleCycle() {
	draw := func(i int) mcmc.Gibbs { // coordinate i given the other
		return func(s rng.State, x *Node) (rng.State, *Node) {
			s, z := rng.Normal(s, x.DType(), x.Shape().Dim(0), 1)
			other := SliceAxis(x, 1, AxisElem(1-i))
			return s, mcmc.SetColumns(x, i, Add(MulScalar(other, 0.5), MulScalar(z, math.Sqrt(0.75))))
		}
	}
	const chains = 20_000
	r, err := mcmc.Run(context.Background(), backend.MustOpen(), mcmc.Cycle{draw(0), draw(1)}, mcmc.Config{
		Start: points(chains, 5, -5), StepSize: 1, BurnIn: 20, Steps: 1, Keep: mcmc.KeepFinal,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := tensors.MustCopyFlatData[float64](r.Final)
	fmt.Printf("correlation %.1f\n", stat.Correlation(column(x, 0, 2), column(x, 1, 2), nil))
	// Output:
	// correlation 0.5
}
