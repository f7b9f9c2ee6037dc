package prob

import (
	"fmt"
	"math"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// bank holds every density of the package in two dimensions, with uneven numbers.
func bank() map[string]Density {
	return map[string]Density{
		"standard normal": StandardNormal(2),
		"two modes":       TwoModes(),
		"smoothed modes":  TwoModes().Smooth(0.5),
		"uneven mixture":  uneven(),
		"ring":            Ring{},
		"thin ring":       Ring{Radius: 3, Width: 0.2},
		"banana":          Banana{},
		"bent banana":     Banana{Sigma: 1.2, Bend: -0.5},
	}
}

func uneven() *Mixture {
	return &Mixture{
		Means:   [][]float64{{-1, 2}, {2, 0.5}, {0, -2}},
		Weights: []float64{1, 3, 1},
		Sigmas:  [][]float64{{0.5}, {0.8, 1.3}, {1, 0.6}},
	}
}

func TestDensitiesConform(t *testing.T) {
	for name, p := range bank() {
		if err := conforms(p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// conforms checks that all that a two-dimensional density says of itself agrees:
// the score is the gradient of LogProb and its finite difference; quadrature of
// exp LogProb gives LogZ, Mean and Cov; the sampler has that mean, that covariance
// and Stein's identity E[x·∇ log p] = −dim; float32 agrees with float64.
func conforms(p Density) error {
	for _, check := range []func(Density) error{checkScore, checkQuadrature, checkSampler, checkFloat32} {
		if err := check(p); err != nil {
			return err
		}
	}
	return nil
}

// run executes a graph on a batch of float64 examples [n][2].
func run(fn func(x *Node) *Node, x [][]float64) []float64 {
	return tensors.MustCopyFlatData[float64](MustExecOnce(backend.MustOpen(), fn, x))
}

// probes are points in the bulk and far from it, none at the origin, where the
// ring has no score.
func probes() [][]float64 {
	var x [][]float64
	h := rng.NewHost(1)
	z := h.Normal(400)
	for i := 0; i < len(z); i += 2 {
		x = append(x, []float64{3 * z[i], 3 * z[i+1]})
	}
	return append(x, []float64{12, 12}, []float64{-15, 9}, []float64{0, -20}, []float64{25, 0.5})
}

// checkScore compares the score with the gradient of LogProb and with its central
// differences, whose error is h²/6 times a third derivative and 1e-16·|log p|/h.
func checkScore(p Density) error {
	const h = 1e-4
	x := probes()
	table := run(func(x *Node) *Node {
		g := x.Graph()
		slope := func(step []float64) *Node {
			dx := Const(g, [][]float64{step})
			rise := Sub(p.LogProb(Add(x, dx)), p.LogProb(Sub(x, dx)))
			return ExpandAxes(MulScalar(rise, 1/(2*h)), -1)
		}
		gradient := Gradient(ReduceAllSum(p.LogProb(x)), x)[0]
		return Concatenate([]*Node{p.Score(x), gradient, slope([]float64{h, 0}), slope([]float64{0, h})}, -1)
	}, x)
	for i := range x {
		row := table[6*i : 6*i+6] // score, gradient, slope: two axes each
		for axis, s := range row[:2] {
			if !agree(s, row[2+axis], 1e-11) {
				return fmt.Errorf("score at %v, axis %d: %.15g, gradient of LogProb %.15g", x[i], axis, s, row[2+axis])
			}
			if !agree(s, row[4+axis], 1e-5) {
				return fmt.Errorf("score at %v, axis %d: %.9g, slope of LogProb %.9g", x[i], axis, s, row[4+axis])
			}
		}
	}
	return nil
}

// agree compares relative to the larger of 1 and the values.
func agree(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*max(1, math.Abs(a), math.Abs(b))
}

// checkQuadrature sums exp LogProb over a grid of step h = 0.12. A trapezoidal sum
// over a Gaussian of width w errs by 2 exp(−2π²w²/h²), 1e-23 for the bank's
// narrowest, 0.2. The grid reaches ±15 along x₁ and ±38 along x₂, where the
// bananas' arms hold 1e-12 outside it.
func checkQuadrature(p Density) error {
	const step, n1, n2 = 0.12, 256, 640
	mean, cov := p.Mean(), p.Cov()
	var z, m0, m1, c00, c01, c11 float64
	column := MustNewExec(backend.MustOpen(), p.LogProb)
	for i := range n1 {
		x := make([]float64, 0, 2*n2)
		for j := range n2 {
			x = append(x, mean[0]+step*float64(i-n1/2), mean[1]+step*float64(j-n2/2))
		}
		logP := column.MustCall1(tensors.FromFlatDataAndDimensions(x, n2, 2))
		for j, l := range tensors.MustCopyFlatData[float64](logP) {
			w := math.Exp(l) * step * step
			a, b := x[2*j]-mean[0], x[2*j+1]-mean[1]
			z, m0, m1 = z+w, m0+w*a, m1+w*b
			c00, c01, c11 = c00+w*a*a, c01+w*a*b, c11+w*b*b
		}
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"log Z", math.Log(z), p.LogZ()}, {"mean of x₁", mean[0] + m0/z, mean[0]}, {"mean of x₂", mean[1] + m1/z, mean[1]},
		{"variance of x₁", c00 / z, cov.At(0, 0)}, {"covariance", c01 / z, cov.At(0, 1)}, {"variance of x₂", c11 / z, cov.At(1, 1)},
	} {
		if !agree(c.got, c.want, 1e-8) {
			return fmt.Errorf("%s: %.10g by quadrature, %.10g said", c.name, c.got, c.want)
		}
	}
	return nil
}

// checkSampler compares 2¹⁶ draws with the density: eight numbers, each a mean
// with its Monte-Carlo standard error, |z| < 4.89: false alarms 8e-6 for each
// density, for a fixed seed. It catches 1.9 % of a standard deviation in a mean
// and about 3 % in a variance.
func checkSampler(p Density) error {
	const n = 1 << 16
	x := tensors.MustCopyFlatData[float64](MustExecOnce(backend.MustOpen(), func(g *Graph) *Node {
		_, x := p.Sample(rng.New(g, 2), dtypes.Float32, n)
		x.AssertDims(n, 2)
		x = ConvertDType(x, dtypes.Float64)
		return Concatenate([]*Node{x, p.Score(x)}, -1)
	}))
	mean, cov := p.Mean(), p.Cov()
	for name, c := range map[string]struct {
		f    func(a, b, s1, s2 float64) float64 // a, b: x − Mean
		want float64
	}{
		"mean of x₁":         {func(a, b, s1, s2 float64) float64 { return a }, 0},
		"mean of x₂":         {func(a, b, s1, s2 float64) float64 { return b }, 0},
		"variance of x₁":     {func(a, b, s1, s2 float64) float64 { return a * a }, cov.At(0, 0)},
		"covariance":         {func(a, b, s1, s2 float64) float64 { return a * b }, cov.At(0, 1)},
		"variance of x₂":     {func(a, b, s1, s2 float64) float64 { return b * b }, cov.At(1, 1)},
		"Stein identity x₁":  {func(a, b, s1, s2 float64) float64 { return a * s1 }, -1},
		"Stein identity x₂":  {func(a, b, s1, s2 float64) float64 { return b * s2 }, -1},
		"Stein identity, x²": {func(a, b, s1, s2 float64) float64 { return (a*a+b*b)*(s1+s2) + 2*(a+b) }, 0},
	} {
		var sum, squares float64
		for i := 0; i < len(x); i += 4 {
			v := c.f(x[i]-mean[0], x[i+1]-mean[1], x[i+2], x[i+3]) - c.want
			sum += v
			squares += v * v
		}
		average := sum / n
		if z := average / math.Sqrt((squares/n-average*average)/n); !(math.Abs(z) < 4.892) {
			return fmt.Errorf("sampler: %s is off by %.4g, z = %.1f", name, average, z)
		}
	}
	return nil
}

// checkFloat32 compares both dtypes at points that float32 holds exactly.
func checkFloat32(p Density) error {
	both := run(func(x *Node) *Node {
		narrow := ConvertDType(x, dtypes.Float32)
		x = ConvertDType(narrow, dtypes.Float64)
		logP, score := p.LogProb(narrow), p.Score(narrow)
		if logP.DType() != dtypes.Float32 || score.DType() != dtypes.Float32 {
			panic("a result is not float32")
		}
		return Stack([]*Node{
			Concatenate([]*Node{ExpandAxes(p.LogProb(x), -1), p.Score(x)}, -1),
			ConvertDType(Concatenate([]*Node{ExpandAxes(logP, -1), score}, -1), dtypes.Float64),
		}, 0)
	}, probes())
	wide, narrow := both[:len(both)/2], both[len(both)/2:]
	for i := range wide {
		if !agree(narrow[i], wide[i], 1e-5) {
			return fmt.Errorf("number %d of point %d: float32 %.9g, float64 %.9g", i%3, i/3, narrow[i], wide[i])
		}
	}
	return nil
}

// The planted bugs: a density with one method wrong.
type (
	sigmaForVariance struct{ *Mixture } // score divides by σ
	uniformShare     struct{ *Mixture } // score forgets which component is near
	missingFactor    struct{ *Mixture } // LogProb lacks ½ log 2π for each axis
	swappedWeights   struct{ *Mixture } // sampler takes the weights in another order
	varianceForSigma struct{ *Mixture } // sampler multiplies the noise by σ²
	addedSigmas      struct{ *Mixture } // smoothing adds standard deviations, sampling is right
	plainRing        struct{ Ring }     // sampler forgets the factor r of the area
	flatCov          struct{ Banana }   // variance of x₂ lacks the factor 2
)

func (p sigmaForVariance) Score(x *Node) *Node { return DivScalar(p.Mixture.Score(x), 0.9) }
func (p uniformShare) Score(x *Node) *Node {
	_, pulls := p.terms(x)
	return ReduceMean(pulls, 1)
}
func (p missingFactor) LogProb(x *Node) *Node {
	return AddScalar(p.Mixture.LogProb(x), math.Log(2*math.Pi))
}
func (p swappedWeights) Sample(s rng.State, dtype dtypes.DType, n int) (rng.State, *Node) {
	w := p.Weights
	return (&Mixture{Means: p.Means, Sigmas: p.Sigmas, Weights: []float64{w[1], w[0], w[2]}}).Sample(s, dtype, n)
}
func (p varianceForSigma) Sample(s rng.State, dtype dtypes.DType, n int) (rng.State, *Node) {
	return (&Mixture{Means: p.Means, Weights: p.Weights, Sigmas: [][]float64{{0.25}, {0.64, 1.69}, {1, 0.36}}}).Sample(s, dtype, n)
}
func (p addedSigmas) Sample(s rng.State, dtype dtypes.DType, n int) (rng.State, *Node) {
	s, x := TwoModes().Sample(s, dtype, n)
	s, z := rng.Normal(s, dtype, n, 2)
	return s, Add(x, MulScalar(z, 0.5))
}
func (p plainRing) Sample(s rng.State, dtype dtypes.DType, n int) (rng.State, *Node) {
	s, t := rng.Normal(s, dtype, n, 1)
	s, u := rng.Uniform(s, dtype, n, 1)
	angle := MulScalar(u, 2*math.Pi)
	return s, Mul(AddScalar(MulScalar(t, 0.4), 4), Concatenate([]*Node{Cos(angle), Sin(angle)}, -1))
}
func (p flatCov) Cov() *mat.SymDense { return mat.NewSymDense(2, []float64{4, 0, 0, 1.64}) }

func TestConformanceCatchesPlantedBugs(t *testing.T) {
	narrow := &Mixture{Means: [][]float64{{0, 0}}, Sigmas: [][]float64{{0.9}}}
	for _, c := range []struct {
		name  string
		p     Density
		check func(Density) error // the one that must catch it
	}{
		{"σ for σ² in the score", sigmaForVariance{narrow}, checkScore},
		{"equal shares in the score", uniformShare{uneven()}, checkScore},
		{"factor missing in LogProb", missingFactor{uneven()}, checkQuadrature},
		{"banana's variance", flatCov{Banana{}}, checkQuadrature},
		{"weights swapped", swappedWeights{uneven()}, checkSampler},
		{"σ² for σ in the sampler", varianceForSigma{uneven()}, checkSampler},
		{"σ added, not σ²", addedSigmas{&Mixture{Means: TwoModes().Means, Sigmas: [][]float64{{1.5}, {1.5}}}}, checkSampler},
		{"ring without its area", plainRing{Ring{}}, checkSampler},
	} {
		err := c.check(c.p)
		if err == nil {
			t.Errorf("%s: not caught", c.name)
		}
		t.Log(c.name, "→", err)
	}
}
