package rbm_test

import (
	"math"
	"testing"

	"gibbs/lib/fit"
	"gibbs/lib/rbm"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// many repeats the examples of RBM43.
func many(copies int) *mat.Dense {
	one := rbm43Data()
	all := mat.NewDense(4*copies, 4, nil)
	for i := range 4 * copies {
		all.SetRow(i, one.RawRowView(i%4))
	}
	return all
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
