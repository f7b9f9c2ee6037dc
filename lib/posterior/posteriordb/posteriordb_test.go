package posteriordb

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"testing"
	"time"

	"gibbs/lib/backend"
	"gibbs/lib/mcmc"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

var full = flag.Bool("posteriordb", false, "sample all seven posteriors at full size, and print the table")

// TestReferencePosteriors holds NUTS to the references:
//
//	go test ./lib/posterior/posteriordb -run TestReferencePosteriors -v -args -posteriordb
//
// Without the flag it samples two of them with fewer draws, one with -short or on pure
// Go.
func TestReferencePosteriors(t *testing.T) {
	all := []Posterior{Kilpisjarvi(), EightSchools()}
	choice, err := backend.Choose()
	slow := err == nil && choice.Name == backend.Go
	switch {
	case *full:
		all = All()
	case testing.Short() || slow:
		all = all[:1]
	}
	worst, moments := 0.0, 0
	for _, p := range all {
		start := time.Now()
		c := p.Sampling
		c.Seed = 6
		if !*full {
			c.Chains, c.Warmup, c.Draws, c.Pooled = 4, 200, 500, true
		}
		d, err := p.Model.Sample(t.Context(), backend.MustOpen(), c)
		if err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		t.Logf("%s (%.1f s, %d gradients a chain)\n%s\n%s", p.Name, time.Since(start).Seconds(), d.Gradients, Table(p.Compare(d)), d)
		if err := p.Check(d); err != nil {
			t.Error(err)
		}
		for _, c := range p.Compare(d) {
			worst, moments = max(worst, math.Abs(c.Z())), moments+1
		}
	}
	t.Logf("%d moments, the largest |z| is %.2f", moments, worst)
}

// written are the models again, log p(parameters, data) with the log-Jacobian, for the
// host, by the labels of the numbers.
var written = map[string]func(v map[string]float64) float64{
	"eight_schools-eight_schools_noncentered": func(v map[string]float64) float64 {
		y, s := []float64{28, 8, -3, 7, -1, 1, 18, 12}, []float64{15, 10, 16, 11, 9, 11, 10, 18}
		sum := normal(v["mu"], 0, 5) + math.Log(2) + cauchy(v["tau"], 5) + math.Log(v["tau"])
		for j := range y {
			z := v[fmt.Sprintf("z[%d]", j+1)]
			sum += normal(z, 0, 1) + normal(y[j], v["mu"]+v["tau"]*z, s[j])
		}
		return sum
	},
	"arK-arK": func(v map[string]float64) float64 {
		y := data("arK-arK").Y
		sum := normal(v["alpha"], 0, 10) + math.Log(2) + cauchy(v["sigma"], 2.5) + math.Log(v["sigma"])
		for t := range y {
			mean := v["alpha"]
			for k := 1; k <= 5; k++ {
				beta := v[fmt.Sprintf("beta[%d]", k)]
				if t == 0 {
					sum += normal(beta, 0, 10)
				}
				if t >= 5 {
					mean += beta * y[t-k]
				}
			}
			if t >= 5 {
				sum += normal(y[t], mean, v["sigma"])
			}
		}
		return sum
	},
	"low_dim_gauss_mix-low_dim_gauss_mix": func(v map[string]float64) float64 {
		sum := normal(v["mu[1]"], 0, 2) + normal(v["mu[2]"], 0, 2) + math.Log(v["mu[2]"]-v["mu[1]"])
		for _, s := range []float64{v["sigma[1]"], v["sigma[2]"]} {
			sum += math.Log(2) + normal(s, 0, 2) + math.Log(s)
		}
		theta := v["theta"]
		sum += distuv.Beta{Alpha: 5, Beta: 5}.LogProb(theta) + math.Log(theta*(1-theta))
		for _, y := range data("low_dim_gauss_mix-low_dim_gauss_mix").Y {
			sum += math.Log(theta*math.Exp(normal(y, v["mu[1]"], v["sigma[1]"])) + (1-theta)*math.Exp(normal(y, v["mu[2]"], v["sigma[2]"])))
		}
		return sum
	},
	"kilpisjarvi_mod-kilpisjarvi": func(v map[string]float64) float64 {
		d := data("kilpisjarvi_mod-kilpisjarvi")
		sum := normal(v["alpha"], 9.31290322580645, 100) + normal(v["beta"], 0, 0.0333333333333333) + math.Log(v["sigma"])
		for i, x := range d.X.line {
			sum += normal(d.Y[i], v["alpha"]+v["beta"]*x, v["sigma"])
		}
		return sum
	},
	"earnings-earn_height": func(v map[string]float64) float64 {
		d := data("earnings-earn_height")
		sum := math.Log(v["sigma"]) + 1191*math.Log(1000) // earnings in thousands: 1,192 of them, less that of σ
		for i, x := range d.Height {
			sum += normal(d.Earn[i], v["beta[1]"]+v["beta[2]"]*x, v["sigma"])
		}
		return sum
	},
	"sblri-blr": func(v map[string]float64) float64 {
		d := data("sblri-blr")
		sum := math.Log(2) + normal(v["sigma"], 0, 10) + math.Log(v["sigma"])
		for i, row := range d.X.rows {
			mean := 0.0
			for k, x := range row {
				beta := v[fmt.Sprintf("beta[%d]", k+1)]
				mean += x * beta
				if i == 0 {
					sum += normal(beta, 0, 10)
				}
			}
			sum += normal(d.Y[i], mean, v["sigma"])
		}
		return sum
	},
	"gp_pois_regr-gp_regr": func(v map[string]float64) float64 {
		d := data("gp_pois_regr-gp_regr")
		rho, alpha, sigma := v["rho"], v["alpha"], v["sigma"]
		sum := distuv.Gamma{Alpha: 25, Beta: 4}.LogProb(rho) + 2*math.Log(2) + normal(alpha, 0, 2) + normal(sigma, 0, 1) +
			math.Log(rho*alpha*sigma)
		k := mat.NewSymDense(11, nil)
		for i, a := range d.X.line {
			for j, b := range d.X.line {
				k.SetSym(i, j, alpha*alpha*math.Exp(-(a-b)*(a-b)/(2*rho*rho)))
			}
			k.SetSym(i, i, alpha*alpha+sigma)
		}
		var c mat.Cholesky
		c.Factorize(k)
		var pull mat.VecDense
		if err := c.SolveVecTo(&pull, mat.NewVecDense(11, d.Y)); err != nil {
			panic(err)
		}
		return sum - 0.5*(mat.Dot(&pull, mat.NewVecDense(11, d.Y))+c.LogDet()+11*math.Log(2*math.Pi))
	},
}

func normal(x, mean, sigma float64) float64 {
	return distuv.Normal{Mu: mean, Sigma: sigma}.LogProb(x)
}
func cauchy(x, scale float64) float64 { return distuv.StudentsT{Sigma: scale, Nu: 1}.LogProb(x) }

// inputs are numbers or rows of numbers.
type inputs struct {
	line []float64
	rows [][]float64
}

func (x *inputs) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &x.line) == nil {
		return nil
	}
	return json.Unmarshal(text, &x.rows)
}

func data(name string) (d struct {
	X               inputs
	Y, Earn, Height []float64
}) {
	read(name, "data.json", &d)
	return d
}

// TestModelsAreAsWritten compares log p of each model at two points with the same sum on
// the host, to rounding: a model that is wrong by little would need many draws to be
// seen.
func TestModelsAreAsWritten(t *testing.T) {
	var programs []func(x *Node) *Node
	var points []any
	for _, p := range All() {
		u := rng.NewHost(1).Uniform(2 * p.Model.Dim())
		points = append(points, tensors.FromFlatDataAndDimensions(u, 2, p.Model.Dim()))
		programs = append(programs, p.Model.LogProb)
	}
	outputs := MustExecOnceN(backend.MustOpen(), func(in []*Node) (out []*Node) {
		for i, logProb := range programs {
			out = append(out, logProb(in[i]))
		}
		return out
	}, points...)
	for i, p := range All() {
		x := points[i].(*tensors.Tensor).Value().([][]float64)
		d, err := p.Model.Constrain(backend.MustOpen(), &mcmc.Draws{X: [][][]float64{x}})
		if err != nil {
			t.Fatal(err)
		}
		for row := range x {
			v := map[string]float64{}
			for _, c := range d.Columns {
				v[c.Label] = c.Chains[0][row]
			}
			got, want := outputs[i].Value().([]float64)[row], written[p.Name](v)
			if !(math.Abs(got-want) < 1e-9*(1+math.Abs(want))) {
				t.Errorf("%s: log p = %.12g, want %.12g", p.Name, got, want)
			}
		}
	}
}
