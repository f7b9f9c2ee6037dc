package mcmc_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/mcmc"
	"gibbs/lib/net"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"gonum.org/v1/gonum/stat"
)

// points returns n points, each the given position, as float64 [n, dim].
func points(n int, at ...float64) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(slices.Repeat(at, n), n, len(at))
}

func flat(t *tensors.Tensor) []float64 { return tensors.MustCopyFlatData[float64](t) }

// run runs a kernel, and fails the test on an error.
func run(t *testing.T, kernel mcmc.Kernel, c mcmc.Config) *mcmc.Result {
	t.Helper()
	r, err := mcmc.Run(context.Background(), backend.MustOpen(), kernel, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestWhatIsKept runs one chain law in all ways of keeping: the draws are
// consistent with the moments, the thinned draws, the observed ones and the final
// state, and do not depend on how steps are cut into dispatches.
func TestWhatIsKept(t *testing.T) {
	const chains, burnIn, steps = 3, 4, 7
	mala := mcmc.MALA{Target: prob.TwoModes()}
	config := mcmc.Config{Start: points(chains, 1, -1), StepSize: 0.8, BurnIn: burnIn, Steps: steps, Seed: 9}
	all := run(t, mala, config)
	draws := flat(all.Draws) // [steps, chains, 2]
	last := draws[(steps-1)*chains*2:]
	if !slices.Equal(all.Draws.Shape().Dimensions, []int{steps, chains, 2}) || all.Steps != steps || all.Mean != nil {
		t.Fatalf("draws %s after %d steps, mean %v", all.Draws.Shape(), all.Steps, all.Mean)
	}
	if !slices.Equal(flat(all.Final), last) {
		t.Errorf("the final state %v is not the last draw %v", flat(all.Final), last)
	}

	thin := config
	thin.Thin, thin.Block = 3, 1
	thin.Observe = func(x *Node) *Node { return SliceAxis(x, 1, AxisElem(1)) } // x₂: [chains, 1]
	thinned := run(t, mala, thin)
	var want []float64
	for _, step := range []int{2, 5} {
		for c := range chains {
			want = append(want, draws[(step*chains+c)*2+1])
		}
	}
	if !slices.Equal(flat(thinned.Draws), want) {
		t.Errorf("every third x₂, plain loop: %v, want %v", flat(thinned.Draws), want)
	}

	moments := config
	moments.Keep = mcmc.KeepMoments
	kept := run(t, mala, moments)
	for i := range chains * 2 {
		path := make([]float64, steps)
		for s := range path {
			path[s] = draws[s*chains*2+i]
		}
		mean, variance := stat.PopMeanVariance(path, nil)
		within(t, "mean", flat(kept.Mean)[i], mean, 1e-12)
		within(t, "variance", flat(kept.Variance)[i], variance, 1e-12)
	}

	final := config
	final.Keep = mcmc.KeepFinal
	if r := run(t, mala, final); !slices.Equal(flat(r.Final), last) || r.Draws != nil || !slices.Equal(r.AcceptRate, all.AcceptRate) {
		t.Errorf("only the final state: %v, want %v; acceptance %v, want %v", flat(r.Final), last, r.AcceptRate, all.AcceptRate)
	}
	for _, rate := range all.AcceptRate {
		if !(rate > 0.2 && rate < 1) {
			t.Errorf("acceptance rate %g", rate)
		}
	}
	if len(all.AcceptRate) != chains {
		t.Errorf("%d acceptance rates of %d chains", len(all.AcceptRate), chains)
	}
}

// TestNothingRecompiles changes the step size, the seed, the length and the start
// of a run, and counts compilations.
func TestNothingRecompiles(t *testing.T) {
	config := mcmc.Config{Start: points(4, 0), StepSize: 0.1, BurnIn: 2, Steps: 5, Keep: mcmc.KeepFinal}
	sampler, err := mcmc.Compile(backend.MustOpen(), mcmc.ULA{Score: prob.StandardNormal(1).Score}, config)
	if err != nil {
		t.Fatal(err)
	}
	defer sampler.Finalize()
	seen := map[float64]bool{}
	for i, change := range []func(){
		func() {},
		func() { config.StepSize = 0.3 },
		func() { config.Seed = 1 },
		func() { config.Steps, config.BurnIn = 50, 0 },
		func() { config.Start = points(4, 3) },
	} {
		change()
		r, err := sampler.Run(context.Background(), config)
		if err != nil {
			t.Fatal(err)
		}
		seen[flat(r.Final)[0]] = true
		if r.AcceptRate != nil {
			t.Error("ULA has an acceptance rate")
		}
		if i == 0 && sampler.Compilations() > 2 { // where it starts, and the steps
			t.Errorf("%d compilations of the first run", sampler.Compilations())
		}
	}
	if sampler.Compilations() > 2 || len(seen) != 5 {
		t.Errorf("%d compilations of five runs, with %d different results", sampler.Compilations(), len(seen))
	}
}

// TestStore samples with a network whose weights are in a store, and with the same
// score in closed form: the same numbers, to rounding.
func TestStore(t *testing.T) {
	store := model.NewStore()
	linear := net.MLP{Out: 2}
	network := func(x *Node) *Node { return net.Bind(store.RootScope(), linear.Apply)(x) }
	at := [][]float64{{0, 0}, {1, 0}, {0, 1}}
	exec := model.MustNewExec(backend.MustOpen(), store, func(scope *model.Scope, x *Node) *Node { return linear.Apply(scope, x) })
	y := flat(exec.MustCall1(at)) // b, w₁ + b, w₂ + b
	b := [][]float64{y[:2]}
	w := [][]float64{{y[2] - y[0], y[3] - y[1]}, {y[4] - y[0], y[5] - y[1]}}
	exact := func(x *Node) *Node { return Add(Einsum("ci,ij->cj", x, ConstAs(x, w)), ConstAs(x, b)) }

	config := mcmc.Config{Start: points(3, 1, -2), StepSize: 0.1, Steps: 4, Keep: mcmc.KeepFinal, Store: store}
	got := flat(run(t, mcmc.ULA{Score: network}, config).Final)
	config.Store = nil
	for i, want := range flat(run(t, mcmc.ULA{Score: exact}, config).Final) {
		within(t, "a position", got[i], want, 1e-9)
	}
}

// TestSchedule lets chains drift with the score 1 and next to no noise: after n
// steps they are at Σ η(b + t)^−γ, counted through the burn-in.
func TestSchedule(t *testing.T) {
	config := mcmc.Config{
		Start: points(2, 0), StepSize: 0.5, BurnIn: 3, Steps: 4, Keep: mcmc.KeepFinal,
		Schedule: mcmc.PolynomialDecay(2, 0.6),
	}
	want := 0.0
	for t := range 7 {
		want += 0.5 * math.Pow(2+float64(t), -0.6)
	}
	r := run(t, mcmc.ULA{Score: OnesLike, Temperature: 1e-30}, config)
	within(t, "drift", flat(r.Final)[1], want, 1e-9)
}

// TestOddShapes runs events of no axis and of two, and a float32 start.
func TestOddShapes(t *testing.T) {
	for _, start := range []*tensors.Tensor{
		tensors.FromValue([]float32{1, 2, 3}),
		tensors.FromFlatDataAndDimensions(make([]float32, 2*3*5), 2, 3, 5),
	} {
		r := run(t, mcmc.ULA{Score: Neg}, mcmc.Config{Start: start, StepSize: 0.1, Steps: 3})
		if got := r.Draws.Shape(); got.DType != start.DType() || !slices.Equal(got.Dimensions[1:], start.Shape().Dimensions) {
			t.Errorf("start %s: draws %s", start.Shape(), got)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last int
	config := mcmc.Config{
		Start: points(2, 0), StepSize: 0.1, BurnIn: 5, Steps: 100, Block: 5,
		Progress: func(done, steps int) {
			if done <= last || steps != 105 {
				t.Errorf("progress %d of %d after %d", done, steps, last)
			}
			if last = done; done >= 25 {
				cancel()
			}
		},
	}
	r, err := mcmc.Run(ctx, backend.MustOpen(), mcmc.ULA{Score: Neg}, config)
	if !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "mcmc: ") {
		t.Errorf("error %v", err)
	}
	if r == nil || r.Steps != 20 || r.Draws == nil || r.Draws.Shape().Dimensions[0] != 20 {
		t.Errorf("what was done so far: %+v", r)
	}
}

func TestConfigErrors(t *testing.T) {
	good := mcmc.Config{Start: points(2, 0), StepSize: 0.1, Steps: 1}
	for want, spoil := range map[string]func(c *mcmc.Config){
		"Start is nil": func(c *mcmc.Config) { c.Start = nil },
		"Start is (":   func(c *mcmc.Config) { c.Start = tensors.FromValue([]int32{1}) },
		"StepSize":     func(c *mcmc.Config) { c.StepSize = 0 },
		"Steps":        func(c *mcmc.Config) { c.Steps = 0 },
		"Thin":         func(c *mcmc.Config) { c.Thin = -1 },
		"Keep":         func(c *mcmc.Config) { c.Keep = 7 },
	} {
		c := good
		spoil(&c)
		if _, err := mcmc.Run(context.Background(), backend.MustOpen(), mcmc.ULA{Score: Neg}, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error about %s, got %v", want, err)
		}
	}
	if _, err := mcmc.Run(context.Background(), backend.MustOpen(), nil, good); err == nil {
		t.Error("no kernel: no error")
	}
	if _, err := mcmc.Run(context.Background(), backend.MustOpen(), mcmc.ULA{Score: Neg, Temperature: -1}, good); err == nil {
		t.Error("a kernel that panics: no error")
	}
}

// fresh moves to new normals and says that it was accepted with the probability
// of the step size.
type fresh struct{}

func (fresh) Init(x *Node) mcmc.State { return mcmc.State{X: x} }

func (fresh) Step(s rng.State, stepSize *Node, at mcmc.State) (rng.State, mcmc.State, mcmc.Info) {
	s, z := rng.Normal(s, at.X.DType(), at.X.Shape().Dimensions...)
	return s, mcmc.State{X: z}, mcmc.Info{AcceptProb: BroadcastToDims(stepSize, at.X.Shape().Dimensions[0])}
}

// TestStreamsAndRates checks that no two draws of a run share their noise, in the
// burn-in or after it, and that the acceptance rate is the mean over the steps.
func TestStreamsAndRates(t *testing.T) {
	config := mcmc.Config{
		Start: points(2, 0), StepSize: 0.01, Steps: 5,
		Schedule: func(t, stepSize *Node) *Node { return Mul(t, stepSize) },
	}
	first := run(t, fresh{}, config)
	config.BurnIn = 3
	second := run(t, fresh{}, config)
	seen := map[float64]bool{}
	for _, z := range append(flat(first.Draws), flat(second.Draws)...) {
		seen[z] = true
	}
	if len(seen) != 20 {
		t.Errorf("20 draws, %d different", len(seen))
	}
	within(t, "rate of steps 0 to 4", first.AcceptRate[0], 0.02, 1e-12)
	within(t, "rate of steps 3 to 7", second.AcceptRate[1], 0.05, 1e-12)
}
