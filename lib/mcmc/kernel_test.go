package mcmc

import (
	"math"
	"strings"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// tilted is a target without symmetry, in two dimensions.
var tilted = &prob.Mixture{Means: [][]float64{{-1, 0.5}, {2, -1}}, Weights: []float64{1, 3}, Sigmas: [][]float64{{1, 0.7}, {0.5, 1.5}}}

// logProbOnly hides the closed-form score, so that MALA takes the gradient.
type logProbOnly struct{ prob.LogProber }

// at are the positions of the tests below, [5, 2].
var at = [][]float64{{0, 0}, {2.5, -1.5}, {-3, 1}, {0.3, 2}, {1, -4}}

// hostPreconditioner returns a preconditioner and its matrix.
func hostPreconditioner(t *testing.T, kind string) (*Preconditioner, *mat.SymDense) {
	t.Helper()
	var p *Preconditioner
	var err error
	m := mat.NewSymDense(2, []float64{1, 0, 0, 1})
	switch kind {
	case "diagonal":
		m = mat.NewSymDense(2, []float64{2, 0, 0, 0.3})
		p, err = DiagonalPreconditioner(2, 0.3)
	case "dense":
		m = mat.NewSymDense(2, []float64{2, -0.6, -0.6, 0.5})
		p, err = DensePreconditioner(m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p, m
}

// flat returns a float64 tensor's numbers.
func flat(t *tensors.Tensor) []float64 { return tensors.MustCopyFlatData[float64](t) }

// cases are the kernels under test: every preconditioner, with and without a
// temperature, one step size for all and one for each chain.
var cases = []struct {
	preconditioner string
	temperature    float64
	stepSize       []float64
}{
	{"none", 0, []float64{0.4}},
	{"none", 2, []float64{0.1, 0.2, 0.3, 0.4, 1.5}},
	{"diagonal", 1, []float64{0.4}},
	{"dense", 0.5, []float64{0.4, 0.3, 0.2, 0.1, 0.05}},
}

// TestStepsAgainstDensities makes one step of ULA and MALA in every case, and
// repeats it on the host in the textbook's words: the same noise, q as an explicit
// Gaussian density with M⁻¹, log p and its score from the graph. Positions and
// acceptance probabilities agree to 1e-9, decisions follow them, and the state
// after a step has the log p and score of its own X.
func TestStepsAgainstDensities(t *testing.T) {
	const perCase = 8
	exec := MustNewExec(backend.MustOpen(), func(inputs []*Node) []*Node {
		key, x, sizes := inputs[0], inputs[1], inputs[2:]
		stream := rng.FromKey(key).Lanes(16)
		var out []*Node
		for i, c := range cases {
			p, _ := hostPreconditioner(t, c.preconditioner)
			ula := ULA{tilted.Score, c.temperature, p}
			mala := MALA{tilted, c.temperature, p}
			if i == 0 {
				mala.Target = logProbOnly{tilted}
			}
			_, plain, _ := ula.Step(stream, sizes[i], ula.Init(x))
			_, next, info := mala.Step(stream, sizes[i], mala.Init(x))
			out = append(out, plain.X, next.X, next.LogP, next.Score, tilted.LogProb(next.X), tilted.Score(next.X),
				info.AcceptProb, ConvertDType(info.Accepted, dtypes.Float64))
		}
		return append(out, tilted.Score(x), tilted.LogProb(x))
	})
	target := MustNewExec(backend.MustOpen(), func(x *Node) (*Node, *Node) { return tilted.LogProb(x), tilted.Score(x) })

	accepted, rejected := 0, 0
	for seed := range int64(6) {
		args := []any{rng.Key(seed), at}
		for _, c := range cases {
			if len(c.stepSize) == 1 {
				args = append(args, c.stepSize[0])
			} else {
				args = append(args, c.stepSize)
			}
		}
		out := exec.MustCall(args...)
		stream := rng.NewHost(seed).Lanes(16)
		z, u := stream.Normal(10), stream.Uniform(5)
		scoreX, logX := flat(out[len(out)-2]), flat(out[len(out)-1])
		for i, c := range cases {
			r := out[i*perCase:]
			y, next, prob := flat(r[0]), flat(r[1]), flat(r[6])
			if d := floats.Distance(flat(r[2]), flat(r[4]), math.Inf(1)) + floats.Distance(flat(r[3]), flat(r[5]), math.Inf(1)); !(d < 1e-12) {
				t.Errorf("case %d: the state's log p or score are not those of its X, off by %g", i, d)
			}
			logYs, scoreYs := target.MustCall2(tensors.FromFlatDataAndDimensions(y, 5, 2))
			logY, scoreY := flat(logYs), flat(scoreYs)
			for chain := range 5 {
				two := func(v []float64) []float64 { return v[2*chain:][:2] }
				host := hostStep{c.stepSize[min(chain, len(c.stepSize)-1)], temperature(c.temperature), nil}
				_, host.m = hostPreconditioner(t, c.preconditioner)
				if d := floats.Distance(host.propose(at[chain], two(scoreX), two(z)), two(y), 2); !(d < 1e-9) {
					t.Errorf("case %d, chain %d: ULA is off by %g", i, chain, d)
				}
				logRatio := (logY[chain]-logX[chain])/host.temperature +
					host.logQ(two(y), two(scoreY), at[chain]) - host.logQ(at[chain], two(scoreX), two(y))
				want := math.Min(1, math.Exp(logRatio))
				if !(math.Abs(prob[chain]-want) < 1e-9) {
					t.Errorf("case %d, chain %d: acceptance probability %.12g, want %.12g", i, chain, prob[chain], want)
				}
				to := at[chain]
				if u[chain] < want {
					to = two(y)
					accepted++
				} else {
					rejected++
				}
				if got := flat(r[7])[chain] == 1; got != (u[chain] < want) || floats.Distance(two(next), to, 2) > 1e-12 {
					t.Errorf("case %d, chain %d: u = %g, probability %g, accepted: %v, now at %v", i, chain, u[chain], want, got, two(next))
				}
			}
		}
	}
	if accepted < 20 || rejected < 20 {
		t.Errorf("%d accepted and %d rejected: too few of one kind", accepted, rejected)
	}
}

// hostStep is a Langevin move in the textbook's words.
type hostStep struct {
	eta, temperature float64
	m                *mat.SymDense
}

// propose returns x + ηMs + √(2ηT) Lz with L the Cholesky factor of M.
func (h hostStep) propose(x, score, z []float64) []float64 {
	var cholesky mat.Cholesky
	cholesky.Factorize(h.m)
	var root mat.TriDense
	cholesky.LTo(&root)
	var drift, noise mat.VecDense
	drift.MulVec(h.m, mat.NewVecDense(2, score))
	noise.MulVec(&root, mat.NewVecDense(2, z))
	y := make([]float64, 2)
	for i := range y {
		y[i] = x[i] + h.eta*drift.AtVec(i) + math.Sqrt(2*h.eta*h.temperature)*noise.AtVec(i)
	}
	return y
}

// logQ returns log q(to|from) up to a constant that does not depend on from.
func (h hostStep) logQ(from, score, to []float64) float64 {
	mean := h.propose(from, score, make([]float64, 2))
	gap := mat.NewVecDense(2, []float64{to[0] - mean[0], to[1] - mean[1]})
	var inverse mat.Dense
	if err := inverse.Inverse(h.m); err != nil {
		panic(err)
	}
	return -mat.Inner(gap, &inverse, gap) / (4 * h.eta * h.temperature)
}

// TestDetailedBalance checks that the move back from a proposal returns to the
// start with the opposite log ratio: p(x)q(y|x)α(x→y) = p(y)q(x|y)α(y→x).
func TestDetailedBalance(t *testing.T) {
	exec := MustNewExec(backend.MustOpen(), func(inputs []*Node) []*Node {
		x, z, stepSize := inputs[0], inputs[1], inputs[2]
		var out []*Node
		for _, c := range cases {
			p, _ := hostPreconditioner(t, c.preconditioner)
			k := MALA{tilted, c.temperature, p}
			there, forth, back := k.propose(stepSize, k.Init(x), z)
			here, reverse, again := k.propose(stepSize, there, back)
			out = append(out, Sub(here.X, x), Sub(again, z), Add(forth, reverse))
		}
		return out
	})
	z := tensors.FromFlatDataAndDimensions(rng.NewHost(1).Normal(10), 5, 2)
	for i, gap := range exec.MustCall(at, z, 0.3) {
		if worst := floats.Norm(flat(gap), math.Inf(1)); !(worst < 1e-12) {
			t.Errorf("case %d, identity %d (start, noise, ratio): off by %g", i/3, i%3, worst)
		}
	}
}

// halfLine is the exponential law on x > 0: log p is −∞ below, and NaN below −1.
type halfLine struct{}

func (halfLine) LogProb(x *Node) *Node {
	x = Squeeze(x, -1)
	outside := Log(Where(LessThan(x, ConstAs(x, -1)), x, ZerosLike(x)))
	return Where(GreaterThan(x, ZerosLike(x)), Neg(x), outside)
}

func (halfLine) Score(x *Node) *Node { return Neg(OnesLike(x)) }

// TestImpossibleProposals checks that MALA never leaves the support of its target.
func TestImpossibleProposals(t *testing.T) {
	const chains = 2000
	exec := MustNewExec(backend.MustOpen(), func(key, x *Node) (*Node, *Node) {
		k := MALA{Target: halfLine{}}
		_, next, info := k.Step(rng.FromKey(key).Lanes(chains), ConstAs(x, 0.5), k.Init(x))
		return next.X, info.AcceptProb
	})
	x := make([]float64, chains)
	for i := range x {
		x[i] = 0.3
	}
	next, prob := exec.MustCall2(rng.Key(1), tensors.FromFlatDataAndDimensions(x, chains, 1))
	stayed := 0
	for i, v := range flat(next) {
		if !(v > 0) || math.IsNaN(flat(prob)[i]) {
			t.Fatalf("chain %d went to %g with probability %g", i, v, flat(prob)[i])
		}
		if v == 0.3 {
			stayed++
		}
	}
	if stayed < chains/3 {
		t.Errorf("only %d of %d proposals were rejected, though 0.58 of them leave the support", stayed, chains)
	}
}

// TestMisuse checks that wrong kernels are refused with a sentence.
func TestMisuse(t *testing.T) {
	for want, kernel := range map[string]Kernel{
		"Temperature": ULA{Score: tilted.Score, Temperature: -1},
		"BatchSize":   SGLD{},
		"dimension":   ULA{Score: tilted.Score, Preconditioner: &Preconditioner{diagonal: []float64{1, 1, 1}}},
	} {
		exec := MustNewExec(backend.MustOpen(), func(x *Node) *Node {
			_, next, _ := kernel.Step(rng.New(x.Graph(), 1), ConstAs(x, 0.1), kernel.Init(x))
			return next.X
		})
		err := exceptions.TryCatch[error](func() { exec.MustCall1(at) })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want a panic about %s, got %v", want, err)
		}
	}
	if _, err := DiagonalPreconditioner(1, 0); err == nil {
		t.Error("a zero entry: no error")
	}
	if _, err := DiagonalPreconditioner(); err == nil {
		t.Error("no entries: no error")
	}
	if _, err := DensePreconditioner(mat.NewSymDense(2, []float64{1, 2, 2, 1})); err == nil {
		t.Error("an indefinite matrix: no error")
	}
}
