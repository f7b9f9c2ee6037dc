package fit_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/fit"
	"gibbs/lib/net"
	"gibbs/lib/rng"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/google/go-cmp/cmp"
)

// Example fits a line to points on y = 2x − 1.
func Example() {
	x := tensors.FromValue([][]float32{{-1}, {0}, {1}, {2}})
	y := tensors.FromValue([][]float32{{-3}, {-1}, {1}, {3}})
	objective := func(scope *model.Scope, _ rng.State, batch []*Node) *Node {
		line := net.MLP{Out: 1}.Apply(scope, batch[0])
		return ReduceAllMean(Square(Sub(line, batch[1])))
	}
	result, err := fit.Train(context.Background(), backend.MustOpen(), objective, fit.Config{
		Steps: 2000, Data: []*tensors.Tensor{x, y}, LearningRate: 0.05, Cosine: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	weights := result.Store.GetVariable("/output/dense/weights").MustValue().Value().([][]float32)
	fmt.Printf("slope %.3f after %d steps\n", weights[0][0], len(result.Losses))
	// Output: slope 2.000 after 2000 steps
}

// noisy is a small regression whose every step draws data, and noise for both
// sides of the network.
func noisy(scale float64) fit.Objective {
	mlp := net.MLP{Hidden: []int{8}, Out: 1, Activation: activation.TypeTanh}
	return func(scope *model.Scope, s rng.State, batch []*Node) *Node {
		x := batch[0]
		_, eps := rng.Normal(s, x.DType(), x.Shape().Dimensions...)
		y := net.Bind(scope, mlp.Apply)(Add(x, MulScalar(eps, 0.05)))
		return ReduceAllMean(Square(Sub(y, Add(Sin(x), MulScalar(eps, scale)))))
	}
}

func points() []*tensors.Tensor {
	x := make([][]float32, 50)
	for i := range x {
		x[i] = []float32{float32(i)/10 - 2.5}
	}
	return []*tensors.Tensor{tensors.FromValue(x)}
}

func config(artefact string) fit.Config {
	return fit.Config{
		Steps: 60, Batch: 16, Data: points(), LearningRate: 0.01, Cosine: true, Seed: 5,
		Validate: noisy(0), Every: 7, EMA: 0.9, Artefact: artefact,
	}
}

// weights returns every variable of a store by path, as text of its bits.
func weights(store *model.Store) map[string]string {
	bits := map[string]string{}
	for v := range store.IterVariables() {
		t := v.MustValue()
		if err := t.ConstBytes(func(b []byte) { bits[v.Path()] = fmt.Sprintf("%s %x", t.Shape(), b) }); err != nil {
			panic(err)
		}
	}
	return bits
}

func train(t *testing.T, ctx context.Context, objective fit.Objective, c fit.Config) (*fit.Result, error) {
	t.Helper()
	b, err := backend.Open()
	if err != nil {
		t.Fatal(err)
	}
	return fit.Train(ctx, b, objective, c)
}

func mustTrain(t *testing.T, objective fit.Objective, c fit.Config) *fit.Result {
	t.Helper()
	result, err := train(t, context.Background(), objective, c)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestStoppedRunsEndInTheSameBits stops a run at several steps, one after the
// other, and compares the end with a run that was never stopped and whose blocks
// are of another length. It catches a generator that starts again, optimizer
// state or averages that are not saved, a step that is done twice or left out,
// and results that depend on the blocks.
func TestStoppedRunsEndInTheSameBits(t *testing.T) {
	t.Setenv("GIBBS_HOME", t.TempDir())
	whole := mustTrain(t, noisy(0.1), config(""))
	from := 0
	for _, stop := range []int{1, 7, 8, 40} {
		ctx, cancel := context.WithCancel(context.Background())
		c := config("stopped")
		c.Block = 1
		c.Progress = func(step, _ int, _ float64) {
			if step == stop {
				cancel()
			}
		}
		if _, err := train(t, ctx, noisy(0.1), c); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped at %d: error %v, want context.Canceled", stop, err)
		}
		from = stop
	}
	resumed := mustTrain(t, noisy(0.1), config("stopped"))
	if resumed.From != from {
		t.Errorf("the run continued from step %d, want %d", resumed.From, from)
	}
	if d := cmp.Diff(whole.Losses, resumed.Losses); d != "" {
		t.Errorf("losses (-whole +resumed):\n%s", d)
	}
	if d := cmp.Diff(whole.Validations, resumed.Validations); d != "" || len(whole.Validations) != 60/7 {
		t.Errorf("%d validations (-whole +resumed):\n%s", len(whole.Validations), d)
	}
	if d := cmp.Diff(weights(whole.Store), weights(resumed.Store)); d != "" {
		t.Errorf("weights (-whole +resumed):\n%s", d)
	}
	if d := cmp.Diff(weights(whole.Average), weights(resumed.Average)); d != "" {
		t.Errorf("averages (-whole +resumed):\n%s", d)
	}
	loaded := mustTrain(t, noisy(0.1), config("stopped"))
	if loaded.From != 60 {
		t.Errorf("a finished run was trained again from step %d", loaded.From)
	}
	if d := cmp.Diff(weights(whole.Store), weights(loaded.Store)); d != "" {
		t.Errorf("weights (-whole +loaded):\n%s", d)
	}
	if d := cmp.Diff(weights(whole.Average), weights(loaded.Average)); d != "" {
		t.Errorf("averages (-whole +loaded):\n%s", d)
	}
}

// TestEveryChangeRetrains changes one thing at a time, the objective's code among
// them, and expects training from step 0.
func TestEveryChangeRetrains(t *testing.T) {
	t.Setenv("GIBBS_HOME", t.TempDir())
	plain := func(scale float64) fit.Objective { // without noise: it compiles faster
		return func(scope *model.Scope, _ rng.State, batch []*Node) *Node {
			y := net.MLP{Out: 1}.Apply(scope.ResetVisited(), batch[0])
			return ReduceAllMean(Square(Sub(y, MulScalar(batch[0], scale))))
		}
	}
	short := func(change func(c *fit.Config)) fit.Config {
		c := config("one")
		c.Steps, c.Validate = 2, plain(0)
		change(&c)
		return c
	}
	same := func(*fit.Config) {}
	mustTrain(t, plain(0.1), short(same))
	if r := mustTrain(t, plain(0.1), short(same)); r.From != 2 {
		t.Fatalf("nothing changed, yet it trained from step %d", r.From)
	}
	changes := map[string]fit.Config{
		"steps":  short(func(c *fit.Config) { c.Steps = 3 }),
		"batch":  short(func(c *fit.Config) { c.Batch = 15 }),
		"rate":   short(func(c *fit.Config) { c.LearningRate = 0.02 }),
		"cosine": short(func(c *fit.Config) { c.Cosine = false }),
		"ema":    short(func(c *fit.Config) { c.EMA = 0.99 }),
		"every":  short(func(c *fit.Config) { c.Every = 1 }),
		"watch":  short(func(c *fit.Config) { c.Validate = plain(0.01) }),
		"seed":   short(func(c *fit.Config) { c.Seed = 6 }),
		"key":    short(func(c *fit.Config) { c.Key = []any{"digits", 2} }),
		"data": short(func(c *fit.Config) {
			tensors.MustMutableFlatData(c.Data[0], func(flat []float32) { flat[0] += 1e-3 })
		}),
	}
	for name, c := range changes {
		if r := mustTrain(t, plain(0.1), c); r.From != 0 {
			t.Errorf("a changed %s was not noticed", name)
		}
	}
	if r := mustTrain(t, plain(0.2), short(same)); r.From != 0 {
		t.Error("a changed constant of the objective was not noticed")
	}
}

// TestAdamIsItsFormula compares 200 steps on a quadratic with Adam written out in
// float64, with GoMLX's ε of 1e-7. Rounding of some 10 operations a step, over 200
// steps, stays below 1e-12. It catches a learning rate or a gradient that does not
// arrive, and a step that is skipped.
//
// Source: Kingma, Ba, "Adam", 2014, algorithm 1.
func TestAdamIsItsFormula(t *testing.T) {
	start, goal, curve := []float64{3, -2, 0.5}, []float64{1, 1, -1}, []float64{1, 10, 0.1}
	objective := func(scope *model.Scope, s rng.State, _ []*Node) *Node {
		w := scope.VariableWithValue("w", start).NodeValue(s.Node())
		g := w.Graph()
		return ReduceAllSum(MulScalar(Mul(Const(g, curve), Square(Sub(w, Const(g, goal)))), 0.5))
	}
	got := mustTrain(t, objective, fit.Config{Steps: 200, LearningRate: 0.05}).
		Store.GetVariable("/w").MustValue().Value().([]float64)
	for i := range start {
		w, m, v := start[i], 0.0, 0.0
		for step := 1.0; step <= 200; step++ {
			grad := curve[i] * (w - goal[i])
			m = 0.9*m + 0.1*grad
			v = 0.999*v + 0.001*grad*grad
			w -= 0.05 * (m / (1 - math.Pow(0.9, step))) / (math.Sqrt(v/(1-math.Pow(0.999, step))) + 1e-7)
		}
		if math.Abs(got[i]-w) > 1e-12 {
			t.Errorf("w[%d] = %.15f, want %.15f", i, got[i], w)
		}
	}
}

// TestALossThatIsNotFiniteStops keeps the last good state: log w turns NaN when w
// falls below 0, at a step that SGD's formula tells.
func TestALossThatIsNotFiniteStops(t *testing.T) {
	t.Setenv("GIBBS_HOME", t.TempDir())
	objective := func(scope *model.Scope, s rng.State, _ []*Node) *Node {
		return Log(scope.VariableWithValue("w", float32(1)).NodeValue(s.Node()))
	}
	c := fit.Config{Steps: 100, LearningRate: 0.3, Artefact: "nan", SaveEvery: 1}
	_, err := train(t, context.Background(), objective, c)
	if !errors.Is(err, fit.ErrNotFinite) {
		t.Fatalf("error %v, want ErrNotFinite", err)
	}
	again, err2 := train(t, context.Background(), objective, c)
	if again != nil || err2 == nil || err2.Error() != err.Error() {
		t.Errorf("run again: %v; want the same error from the last good checkpoint: %v", err2, err)
	}
}

func TestMinibatchesAreRowsOfTheData(t *testing.T) {
	x := tensors.FromValue([]float32{0, 1, 2, 3, 4})
	y := tensors.FromValue([]float32{0, 10, 20, 30, 40})
	objective := func(scope *model.Scope, _ rng.State, batch []*Node) *Node {
		w := scope.VariableWithValue("w", float32(0)).NodeValue(batch[0])
		batch[0].AssertDims(7)
		mismatch := ReduceAllMax(Abs(Sub(MulScalar(batch[0], 10), batch[1])))
		return Add(MulScalar(w, 0), Add(MulScalar(mismatch, 1000), ReduceAllMean(batch[0])))
	}
	losses := mustTrain(t, objective, fit.Config{Steps: 400, Batch: 7, Data: []*tensors.Tensor{x, y}}).Losses
	sum := 0.0
	for _, l := range losses {
		sum += float64(l)
	}
	// Rows are uniform on 0…4, mean 2, variance 2: the mean of 400·7 draws has a
	// standard error of √(2/2800). False alarms: 1e-6.
	if z := (sum/400 - 2) / math.Sqrt(2.0/2800); math.Abs(z) > 4.89 {
		t.Errorf("mean of the drawn rows is off by %.1f standard errors", z)
	}
}

func TestMisuseIsRefused(t *testing.T) {
	scalar := func(scope *model.Scope, s rng.State, _ []*Node) *Node {
		return scope.VariableWithValue("w", float32(0)).NodeValue(s.Node())
	}
	vector := func(scope *model.Scope, s rng.State, _ []*Node) *Node {
		return scope.VariableWithValue("w", []float32{0, 1}).NodeValue(s.Node())
	}
	for name, try := range map[string]struct {
		objective fit.Objective
		config    fit.Config
	}{
		"no steps":        {scalar, fit.Config{}},
		"negative batch":  {scalar, fit.Config{Steps: 1, Batch: -1}},
		"batch of none":   {scalar, fit.Config{Steps: 1, Batch: 4}},
		"negative block":  {scalar, fit.Config{Steps: 1, Block: -1}},
		"decay of 1":      {scalar, fit.Config{Steps: 1, EMA: 1}},
		"negative rate":   {scalar, fit.Config{Steps: 1, LearningRate: -1}},
		"unequal data":    {scalar, fit.Config{Steps: 1, Data: []*tensors.Tensor{tensors.FromValue([]float32{1}), tensors.FromValue([]float32{1, 2})}}},
		"path as a name":  {scalar, fit.Config{Steps: 1, Artefact: "../elsewhere"}},
		"loss no scalar":  {vector, fit.Config{Steps: 1}},
		"no value to key": {scalar, fit.Config{Steps: 1, Artefact: "key", Key: []any{math.NaN()}}},
	} {
		t.Setenv("GIBBS_HOME", t.TempDir())
		if _, err := train(t, context.Background(), try.objective, try.config); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
