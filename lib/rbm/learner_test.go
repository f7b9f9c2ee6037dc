package rbm_test

import (
	"context"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/fit"
	"gibbs/lib/rbm"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// bars are the 14 patterns of 3×3 pixels that are made of whole rows or whole columns.
func bars() *mat.Dense {
	seen := map[[9]float64]bool{}
	var flat []float64
	for pick := range 8 {
		for _, across := range []bool{false, true} {
			var p [9]float64
			for i := range 9 {
				line := i % 3
				if across {
					line = i / 3
				}
				p[i] = float64(pick >> line & 1)
			}
			if !seen[p] {
				seen[p] = true
				flat = append(flat, p[:]...)
			}
		}
	}
	return mat.NewDense(len(flat)/9, 9, flat)
}

// train runs a learner on data in float64.
func train(t *testing.T, l rbm.Learner, data *mat.Dense, c fit.Config) *rbm.Trained {
	t.Helper()
	c.Data = []*tensors.Tensor{rbm.Tensor(dtypes.Float64, data)}
	r, err := l.Train(context.Background(), backend.MustOpen(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// flat are the parameters of a machine in the order of Moments.Flat.
func flat(m *rbm.RBM) []float64 { return rbm.Moments{V: m.B, H: m.C, VH: m.W}.Flat() }

// moved is by how much the update from one machine to the next changed its parameters,
// divided by the rate.
func moved(from, to *rbm.RBM, rate float64) []float64 {
	d := floats.SubTo(make([]float64, len(flat(to))), flat(to), flat(from))
	floats.Scale(1/rate, d)
	return d
}

// many repeats the examples of RBM43.
func many(copies int) *mat.Dense {
	one := rbm43Data()
	all := mat.NewDense(4*copies, 4, nil)
	for i := range 4 * copies {
		all.SetRow(i, one.RawRowView(i%4))
	}
	return all
}

// TestExactUpdates holds two updates with momentum, decay and centring to the formulas
// on the host.
func TestExactUpdates(t *testing.T) {
	const eta, momentum, decay, n, d, k = 0.5, 0.7, 0.1, 4, 4, 3
	data := rbm43Data()
	for _, centre := range []bool{false, true} {
		r := train(t, rbm.Learner{Hidden: k, Negatives: rbm.Exact, Std: 1, Momentum: momentum, WeightDecay: decay, Centre: centre, Snapshots: 3},
			data, fit.Config{Steps: 3, LearningRate: eta, Seed: 2})
		mu, lambda := []float64{.5, .5, .5, .5}, []float64{.5, .5, .5}
		toward := func(mean, x []float64) { // as one update sees the running means
			floats.Scale(0.99, mean)
			floats.AddScaled(mean, 0.01, x)
		}
		from := r.History[0]
		start := startOf(t, 2)
		toward(mu, start.Clamped(data).V)
		toward(lambda, start.Clamped(data).H)
		velocity := moved(start, from, 1)
		for _, to := range r.History[1:] {
			toward(mu, from.Clamped(data).V)
			toward(lambda, from.Clamped(data).H)
			g := must(from.Gradient(data))
			if centre {
				for i := range d {
					for j := range k {
						g.VH.Set(i, j, g.VH.At(i, j)-mu[i]*g.H[j]-g.V[i]*lambda[j])
					}
				}
				for i := range d {
					g.V[i] -= floats.Dot(g.VH.RawRowView(i), lambda)
				}
				for j := range k {
					g.H[j] -= floats.Dot(mat.Col(nil, j, g.VH), mu)
				}
			}
			want := g.Flat()
			for i, w := range from.W.RawMatrix().Data {
				want[i] -= decay * w
			}
			floats.Scale(eta, want)
			floats.AddScaled(want, momentum, velocity)
			velocity = moved(from, to, 1)
			near(t, "an update", velocity, want, 1e-12)
			from = to
		}
		near(t, "the last snapshot", flat(r.RBM), flat(from), 0)
		near(t, "the loss", []float64{float64(r.Fit.Losses[1])}, []float64{must(r.History[0].NLL(data))}, 1e-6)
	}
}

// startOf is the machine that a learner of three hidden units with Std = 1 begins with.
func startOf(t *testing.T, seed int64) *rbm.RBM {
	return train(t, rbm.Learner{Hidden: 3, Negatives: rbm.Exact, Std: 1}, rbm43Data(), fit.Config{Steps: 1, LearningRate: 1e-300, Seed: seed}).RBM
}

// TestChains holds the first two updates of each learner by chains to their exact
// expectations, which the laws of the chains give: 20,000 chains, errors of a few
// thousandths. Each planted mistake must give other expectations than were found.
func TestChains(t *testing.T) {
	const copies, eta = 5000, 0.5
	data := many(copies)
	start := startOf(t, 2)
	for _, l := range []rbm.Learner{{}, {Negatives: rbm.CD}, {Sweeps: 2}, {Negatives: rbm.CD, Sweeps: 2}, {Negatives: rbm.FastPCD}} {
		l.Hidden, l.Std, l.Snapshots = 3, 1, 2
		r := train(t, l, data, fit.Config{Steps: 2, LearningRate: eta, Seed: 2})
		one, two := r.History[0], r.History[1]
		f := &fake{learner: l, data: rbm43Data(), start: start, one: one, fast: moved(start, one, 1)}
		for _, mistake := range []string{"", "phases swapped", "chains restart", "one sweep too few", "chains see another machine"} {
			f.mistake = mistake
			first, second := f.updates(t)
			z := max(apart(moved(start, one, eta), first, 4*copies), apart(moved(one, two, eta), second, 4*copies))
			same := floats.EqualApprox(first, f.right[0], 1e-12) && floats.EqualApprox(second, f.right[1], 1e-12)
			t.Logf("%d, %d sweeps, %-26q: off by %5.1f standard errors", l.Negatives, l.Sweeps, mistake, z)
			if (z < alpha) != (mistake == "" || same) {
				t.Errorf("%d, %d sweeps, mistake %q: off by %.1f standard errors", l.Negatives, l.Sweeps, mistake, z)
			}
		}
	}
}

// apart is the largest distance of an update from its expectation, in standard errors
// of at most ½/√n.
func apart(got, want []float64, n int) float64 {
	return floats.Distance(got, want, math.Inf(1)) / (0.5 / math.Sqrt(float64(n)))
}

// fake computes what two updates of a learner are expected to be, given the machine
// after the first one.
type fake struct {
	learner    rbm.Learner
	data       *mat.Dense
	start, one *rbm.RBM
	fast       []float64 // the fast part after the first update
	mistake    string
	right      [2][]float64
}

func (f *fake) updates(t *testing.T) (first, second []float64) {
	sweeps := max(1, f.learner.Sweeps)
	if f.mistake == "one sweep too few" {
		sweeps--
	}
	uniform := []float64{.125, .125, .125, .125, .125, .125, .125, .125}
	law := func(m, seen *rbm.RBM, hidden []float64) (update, next []float64) {
		var v []float64
		transition := must(seen.Transition())
		if f.learner.Negatives == rbm.CD {
			v = transition.After(must(transition.Law(f.data)), sweeps)
		} else {
			v = transition.After(down(seen, hidden), sweeps-1)
		}
		g := m.Clamped(f.data).Sub(under(m, v)).Flat()
		if f.mistake == "phases swapped" {
			floats.Scale(-1, g)
		}
		return g, up(seen, v)
	}
	first, hidden := law(f.start, f.start, uniform)
	seen := f.one
	if (f.learner.Negatives == rbm.FastPCD) != (f.mistake == "chains see another machine") {
		seen = shifted(f.one, f.fast)
	}
	if f.mistake == "chains restart" {
		hidden = uniform
	}
	second, _ = law(f.one, seen, hidden)
	if f.mistake == "" {
		f.right = [2][]float64{first, second}
	}
	return first, second
}

// shifted adds to all parameters.
func shifted(m *rbm.RBM, by []float64) *rbm.RBM {
	n := m.Scaled(1)
	w := n.W.RawMatrix().Data
	floats.Add(w, by[:len(w)])
	floats.Add(n.B, by[len(w):len(w)+len(n.B)])
	floats.Add(n.C, by[len(w)+len(n.B):])
	return n
}

// states lists the states of n Bernoulli units.
func states(n int) [][]float64 {
	all := make([][]float64, 1<<n)
	for k := range all {
		for i := range n {
			all[k] = append(all[k], float64(k>>(n-1-i)&1))
		}
	}
	return all
}

// product is the probability of independent units with means p.
func product(x, p []float64) float64 {
	all := 1.0
	for i := range x {
		all *= 1 - p[i] + x[i]*(2*p[i]-1)
	}
	return all
}

// down is the law of v if h has the law q; up is that of h if v has the law q.
func down(m *rbm.RBM, q []float64) []float64 {
	law := make([]float64, 1<<len(m.B))
	for k, h := range states(len(m.C)) {
		for n, v := range states(len(m.B)) {
			law[n] += q[k] * product(v, m.Visible(h))
		}
	}
	return law
}

func up(m *rbm.RBM, q []float64) []float64 {
	law := make([]float64, 1<<len(m.C))
	for n, v := range states(len(m.B)) {
		for k, h := range states(len(m.C)) {
			law[k] += q[n] * product(h, m.Hidden(v))
		}
	}
	return law
}

// under are the moments of v with the law q and h given v.
func under(m *rbm.RBM, q []float64) rbm.Moments {
	all := states(len(m.B))
	s := rbm.Moments{V: make([]float64, len(m.B)), H: make([]float64, len(m.C)), VH: mat.NewDense(len(m.B), len(m.C), nil)}
	for n, v := range all {
		h := m.Hidden(v)
		floats.AddScaled(s.V, q[n], v)
		floats.AddScaled(s.H, q[n], h)
		for i := range v {
			floats.AddScaled(s.VH.RawRowView(i), q[n]*v[i], h)
		}
	}
	return s
}

// TestBars trains on bars and stripes. The likelihoods at the end are within ±0.15 of
// what other seeds of another program reached, and CD-1 is worse than
// the others.
func TestBars(t *testing.T) {
	data := bars()
	var end []float64
	for _, row := range []struct {
		l         rbm.Learner
		low, high float64
	}{
		{rbm.Learner{Negatives: rbm.Exact}, 2.93, 3.02},
		{rbm.Learner{Negatives: rbm.CD}, 3.28, 3.40},
		{rbm.Learner{Negatives: rbm.CD, Sweeps: 10}, 2.95, 3.02},
		{rbm.Learner{}, 3.07, 3.11},
		{rbm.Learner{Negatives: rbm.Tempering}, 2.93, 3.02},
	} {
		if slow := testing.Short() || backend.MustOpen().Name() != "xla"; slow && (row.l.Sweeps > 1 || row.l.Negatives == rbm.Tempering) {
			continue
		}
		row.l.Hidden, row.l.Std, row.l.Chains = 8, 0.1, 100
		r := train(t, row.l, data, fit.Config{Steps: 3000, LearningRate: 0.1, Seed: 1})
		nll := must(r.NLL(data))
		t.Logf("%d, %d sweeps: %.3f nats", row.l.Negatives, row.l.Sweeps, nll)
		if !(nll > row.low-0.15 && nll < row.high+0.15) {
			t.Errorf("%d, %d sweeps: %.3f nats, want %g to %g, ±0.15", row.l.Negatives, row.l.Sweeps, nll, row.low, row.high)
		}
		end = append(end, nll)
	}
	if end[1] <= end[len(end)-1] {
		t.Errorf("CD-1 ends at %.3f and the last learner at %.3f", end[1], end[len(end)-1])
	}
}

// TestResume: a run in small blocks, one that is stopped and goes on, and a plain one
// end in the same bits, for all that a learner carries.
func TestResume(t *testing.T) {
	t.Setenv("GIBBS_HOME", t.TempDir())
	l := rbm.Learner{Hidden: 3, Negatives: rbm.FastPCD, Momentum: 0.5, Centre: true, Snapshots: 2}
	c := fit.Config{Steps: 20, Batch: 2, LearningRate: 0.1, Seed: 4}
	want := train(t, l, rbm43Data(), c)
	c.Block = 7
	c.Artefact = "resumed"
	ctx, stop := context.WithCancel(context.Background())
	c.Progress = func(step, _ int, _ float64) {
		if step == 7 {
			stop()
		}
	}
	c.Data = []*tensors.Tensor{rbm.Tensor(dtypes.Float64, rbm43Data())}
	if _, err := l.Train(ctx, backend.MustOpen(), c); err == nil {
		t.Fatal("the run was not stopped")
	}
	got := train(t, l, rbm43Data(), c)
	if got.Fit.From != 7 {
		t.Errorf("resumed from %d, want 7", got.Fit.From)
	}
	for i := range want.History {
		if d := cmp.Diff(flat(want.History[i]), flat(got.History[i])); d != "" {
			t.Errorf("snapshot %d (-at once +resumed):\n%s", i, d)
		}
	}
	if d := cmp.Diff(want.Chains.RawMatrix().Data, got.Chains.RawMatrix().Data); d != "" {
		t.Errorf("chains (-at once +resumed):\n%s", d)
	}
}

// TestSettings: what cannot be is refused.
func TestSettings(t *testing.T) {
	ok := fit.Config{Steps: 1, Data: []*tensors.Tensor{rbm.Tensor(dtypes.Float64, rbm43Data())}}
	for name, l := range map[string]rbm.Learner{
		"no units": {}, "momentum": {Hidden: 1, Momentum: 1}, "sweeps": {Hidden: 1, Sweeps: -1}, "bias": {Hidden: 1, Bias: []float64{1}}, "snapshots": {Hidden: 1, Snapshots: 2},
	} {
		if _, err := l.Train(context.Background(), backend.MustOpen(), ok); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := (rbm.Learner{Hidden: 1}).Train(context.Background(), backend.MustOpen(), fit.Config{Steps: 1}); err == nil {
		t.Error("no data: no error")
	}
}
