package posterior

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/diag"
	"gibbs/lib/env"
	"gibbs/lib/mcmc"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat/distuv"
)

// conjugate is a model whose posterior is known: p | y ~ Beta(2 + Σy, 2 + Σ(1 − y)),
// beside parameters of every kind, and a derived matrix.
type conjugate struct {
	Model
	p, spread, order, w, l *Param
	odds, r                *Quantity
}

func newConjugate() conjugate {
	m := conjugate{
		p: Interval(0, 1).Label("p"), spread: Positive(2).Label("spread"), order: Ordered(2).Label("order"),
		w: Simplex(3).Label("w"), l: CholeskyCorrelation(2).Label("l"),
	}
	y := []float64{1, 1, 0, 1}
	m.odds = Derived(func(at Point) *Node { return Div(at.Of(m.p), OneMinus(at.Of(m.p))) }).Label("odds")
	m.r = Derived(func(at Point) *Node { return Einsum("cij,ckj->cik", at.Of(m.l), at.Of(m.l)) }).Label("r")
	m.Model = Model{
		Parameters: []*Param{m.p, m.spread, m.order, m.w, m.l},
		Derived:    []*Quantity{m.odds, m.r},
		Joint: func(at Point) *Node {
			return Sum(
				Beta(at.Of(m.p), 2, 2), BernoulliLogit(y, Log(at.Of(m.odds))),
				Gamma(at.Of(m.spread), 3, []float64{1, 2}),
				Normal(at.Of(m.order), 0, 1),
				Dirichlet(at.Of(m.w), []float64{1, 2, 3}),
				LKJCholesky(at.Of(m.l), 2))
		},
	}
	return m
}

// sampleConjugate samples it: many chains and few steps, which is quick on every backend.
func sampleConjugate(t *testing.T, m conjugate) *Draws {
	t.Helper()
	d, err := m.Sample(t.Context(), backend.MustOpen(), mcmc.Sampling{Chains: 20, Warmup: 100, Draws: 60, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestModel samples a model of all kinds of parameters and holds moments to their exact
// values: |z| < 4.89, a false alarm in a million. With 1,200 draws of about that many
// effective ones, an error of a seventh of a standard deviation shows.
func TestModel(t *testing.T) {
	if testing.Short() {
		t.Skip("samples a posterior")
	}
	m := newConjugate()
	d := sampleConjugate(t, m)
	posterior := distuv.Beta{Alpha: 5, Beta: 3}
	smaller := -1 / math.Sqrt(math.Pi) // E min of two standard normals
	for _, c := range []struct {
		label string
		want  float64
	}{
		{"p", posterior.Mean()}, {"odds", 5. / 2}, {"spread[1]", 3}, {"spread[2]", 1.5}, {"order[1]", smaller}, {"order[2]", -smaller},
		{"w[1]", 1. / 6}, {"w[2]", 2. / 6}, {"w[3]", 3. / 6}, {"l[2,1]", 0}, {"r[1,2]", 0},
	} {
		i := slices.IndexFunc(d.Columns, func(column Column) bool { return column.Label == c.label })
		if i < 0 {
			t.Fatalf("no column %s", c.label)
		}
		s := diag.Summarize(d.Columns[i].Chains)
		if z := (s.Mean - c.want) / s.MCSEMean; !(math.Abs(z) < 4.89) {
			t.Errorf("E %s = %.4f ± %.4f, want %.4f", c.label, s.Mean, s.MCSEMean, c.want)
		}
	}
	checkFiles(t, d)
	if got := d.Of(m.w); len(got) != 3 || got[2].Label != "w[3]" {
		t.Errorf("Of(w) = %v", got)
	}
	traces := d.Traces("p")
	if got := d.Traces(); len(got.Names) != len(d.Columns) || !cmp.Equal(traces.Draws[0], d.Column("p")) || traces.Energy == nil {
		t.Errorf("Traces has %v", got.Names)
	}
	if text := d.String(); !strings.Contains(text, "spread[2]") || !strings.Contains(text, "20 chains, 1200 draws") {
		t.Error(text)
	}
}

// checkFiles writes draws, reads them back, and has ArviZ read them.
func checkFiles(t *testing.T, d *Draws) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new", "folder")
	stale := filepath.Join(dir, fmt.Sprintf("draws_%d.csv", len(d.LogP)+1)) // of a run with one chain more
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(stale, []byte("lp__,a\n1,2\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	paths, err := d.WriteFiles(dir, "draws")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("a chain of an earlier run is left among the files")
	}
	back, err := ReadFiles(paths...)
	if err != nil {
		t.Fatal(err)
	}
	for name, diff := range map[string]string{
		"columns": cmp.Diff(d.Columns, back.Columns), "LogP": cmp.Diff(d.LogP, back.LogP),
		"AcceptProb": cmp.Diff(d.AcceptProb, back.AcceptProb), "Energy": cmp.Diff(d.Energy, back.Energy),
		"Leapfrogs": cmp.Diff(d.Leapfrogs, back.Leapfrogs), "Depth": cmp.Diff(d.Depth, back.Depth),
		"Divergent": cmp.Diff(d.Divergent, back.Divergent), "StepSize": cmp.Diff(d.StepSize, back.StepSize),
	} {
		if diff != "" {
			t.Errorf("%s came back otherwise (-written +read):\n%s", name, diff)
		}
	}
	t.Run("ArviZ", func(t *testing.T) { checkArviZ(t, d, paths) })
}

// TestSampleFiles checks that draws written as they come are those that Sample returns, and what a run that is stopped
// leaves: complete files of one length.
func TestSampleFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("samples a posterior twice")
	}
	m, b, dir := newConjugate(), backend.MustOpen(), t.TempDir()
	c := mcmc.Sampling{Chains: 20, Warmup: 20, Draws: 60, Seed: 3}
	paths, err := m.SampleFiles(t.Context(), b, c, dir, "draws")
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadFiles(paths...)
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Sample(t.Context(), b, c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Columns, got.Columns); diff != "" {
		t.Errorf("files differ from Sample (-Sample +files):\n%s", diff)
	}
	if diff := cmp.Diff(want.Energy, got.Energy); diff != "" {
		t.Errorf("energies differ (-Sample +files):\n%s", diff)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); left != nil {
		t.Errorf("left behind: %v", left)
	}

	ctx, cancel := context.WithCancel(t.Context())
	c.Draws = 10_000_000
	c.Each = func(block *mcmc.Draws) error { cancel(); return nil }
	paths, err = m.SampleFiles(ctx, b, c, dir, "stopped")
	if !errors.Is(err, context.Canceled) || len(paths) != 20 {
		t.Fatalf("a stopped run gives %d files and the error %v", len(paths), err)
	}
	stopped, err := ReadFiles(paths...)
	if err != nil {
		t.Fatal(err)
	}
	for chain := range stopped.LogP {
		if n := len(stopped.LogP[chain]); n == 0 || n != len(stopped.LogP[0]) {
			t.Errorf("chain %d has %d draws, the first %d", chain, n, len(stopped.LogP[0]))
		}
	}
	if _, err := m.SampleFiles(t.Context(), b, c, paths[0], "draws"); err == nil || !strings.Contains(err.Error(), "stopped_1.csv") {
		t.Errorf("a file for a folder: %v", err)
	}
}

// checkArviZ has ArviZ read files as CmdStan's, and compares shapes and means.
func checkArviZ(t *testing.T, d *Draws, paths []string) {
	python := os.Getenv("GIBBS_ARVIZ")
	if python == "" {
		home, err := env.Home()
		if err != nil {
			t.Fatal(err)
		}
		python = filepath.Join(home, "arviz", "bin", "python")
		if _, err := os.Stat(python); err != nil {
			t.Skipf("ArviZ is not installed: no %s, and GIBBS_ARVIZ names no Python", python)
		}
	}
	const script = `
import json, sys, warnings
warnings.simplefilter("ignore")
import arviz as az
d = az.from_cmdstan(sys.argv[1:])
print(json.dumps({
    "shapes": {k: list(v.shape) for k, v in d.posterior.items()},
    "w2": float(d.posterior["w"][:, :, 1].mean()), "r12": float(d.posterior["r"][:, :, 0, 1].mean()),
    "lp": float(d.sample_stats["lp"].mean()), "depth": float(d.sample_stats["tree_depth"].mean()),
    "stats": sorted(d.sample_stats)}))`
	var complaints bytes.Buffer
	command := exec.CommandContext(t.Context(), python, append([]string{"-c", script}, paths...)...)
	command.Stderr = &complaints
	text, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, complaints.String())
	}
	var got struct {
		Shapes             map[string][]int
		W2, R12, LP, Depth float64
		Stats              []string
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	chains, draws := len(d.LogP), len(d.LogP[0])
	want := map[string][]int{"p": {chains, draws}, "spread": {chains, draws, 2}, "order": {chains, draws, 2}, "w": {chains, draws, 3},
		"l": {chains, draws, 2, 2}, "odds": {chains, draws}, "r": {chains, draws, 2, 2}}
	if diff := cmp.Diff(want, got.Shapes); diff != "" {
		t.Errorf("shapes (-want +ArviZ):\n%s", diff)
	}
	mean := func(label string) float64 {
		i := slices.IndexFunc(d.Columns, func(c Column) bool { return c.Label == label })
		return diag.Summarize(d.Columns[i].Chains).Mean
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-12*(1+math.Abs(b)) }
	if !near(got.W2, mean("w[2]")) || !near(got.R12, mean("r[1,2]")) || !near(got.LP, diag.Summarize(d.LogP).Mean) {
		t.Errorf("ArviZ has %+v", got)
	}
	for _, name := range []string{"acceptance_rate", "diverging", "energy", "lp", "n_steps", "step_size", "tree_depth"} {
		if !slices.Contains(got.Stats, name) {
			t.Errorf("ArviZ has no %s among %v", name, got.Stats)
		}
	}
}

// TestUnconstrain holds starting points to the values that they were made from.
func TestUnconstrain(t *testing.T) {
	m := newConjugate()
	x, err := m.Unconstrain(m.w.Is(0.2, 0.3, 0.5), m.p.Is(0.9), m.l.Is(1, 0, 0.6, 0.8))
	if err != nil {
		t.Fatal(err)
	}
	d, err := m.Constrain(backend.MustOpen(), &mcmc.Draws{X: [][][]float64{{x}}})
	if err != nil {
		t.Fatal(err)
	}
	for v, want := range map[Variable][]float64{
		m.w: {0.2, 0.3, 0.5}, m.p: {0.9}, m.spread: {1, 1}, m.order: {0, 1}, m.l: {1, 0, 0.6, 0.8}, m.odds: {9}, m.r: {1, 0.6, 0.6, 1},
	} {
		for i, column := range d.Of(v) {
			if got := column.Chains[0][0]; math.Abs(got-want[i]) > 1e-12 {
				t.Errorf("%s = %.15g, want %g", column.Label, got, want[i])
			}
		}
	}
	for _, a := range []Assignment{m.p.Is(1), m.p.Is(0.1, 0.2), Positive().Is(3)} {
		if _, err := m.Unconstrain(a); err == nil {
			t.Errorf("%v was accepted", a.value)
		}
	}
}

// TestMisuse asks for words where a model is wrong.
func TestMisuse(t *testing.T) {
	mu, other := Unbounded().Label("mu"), Unbounded().Label("other")
	for want, m := range map[string]Model{
		"wrap its terms in Sum":    {Parameters: []*Param{mu}, Joint: func(at Point) *Node { return Normal(at.Of(mu), 0, 1) }},
		`("other") that is not in`: {Parameters: []*Param{mu}, Joint: func(at Point) *Node { return Sum(Normal(at.Of(other), 0, 1)) }},
		"is listed twice":          {Parameters: []*Param{mu, mu}, Joint: func(at Point) *Node { return Sum(Normal(at.Of(mu), 0, 1)) }},
		"of constants only":        {Parameters: []*Param{mu}, Joint: func(at Point) *Node { return Sum(Normal([]float64{1}, 0, 1)) }},
	} {
		_, err := m.Sample(t.Context(), backend.MustOpen(), mcmc.Sampling{Warmup: -1, Draws: 1})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want words like %q", err, want)
		}
	}
}

// TestCheck makes the mistakes that a model can be told of before it is sampled.
func TestCheck(t *testing.T) {
	b, y := backend.MustOpen(), []float64{0, 1, 1, 0}
	model := func(joint func(at Point, a, s *Node) *Node, derived ...*Quantity) Model {
		a, s := Unbounded().Label("a"), Positive().Label("s")
		return Model{[]*Param{a, s}, func(at Point) *Node { return joint(at, at.Of(a), at.Of(s)) }, derived}
	}
	normal := func(at Point, a, s *Node) *Node { return Sum(Normal(a, 0, 1), HalfNormal(s, 1), Normal(y, a, s)) }
	if err := model(normal).check(b); err != nil {
		t.Fatal(err)
	}
	unused, used, same := Unbounded().Label("lonely"), Unbounded(), Positive().Label("used")
	for want, m := range map[string]Model{
		"a Model needs Parameters":                {},
		"never asks for the parameter \"lonely\"": {[]*Param{unused, used}, func(at Point) *Node { return Sum(Normal(at.Of(used), 0, 1)) }, nil},
		"are called \"used\"":                     {[]*Param{used.Label("used"), same}, func(at Point) *Node { return Sum(Normal(at.Of(used), 0, at.Of(same))) }, nil},
		"the label \"a.b\"":                       model(normal, Derived(func(at Point) *Node { return OnesLike(at.like) }).Label("a.b")),
		"derived quantity \"q\"":                  model(normal, Derived(func(at Point) *Node { return Sum(at.Data(1)) }).Label("q")),
		"list it there":                           model(normal, Derived(func(at Point) *Node { return at.Of(unused) })),
		"wrap its terms in Sum":                   model(func(at Point, a, s *Node) *Node { return Normal(y, a, s) }),
		"BernoulliLogit: y[2] = 2, want 0 or 1":   model(func(at Point, a, s *Node) *Node { return Sum(BernoulliLogit([]float64{0, 1, 2}, a)) }),
		"Normal: sigma = -2.5, want a positive":   model(func(at Point, a, s *Node) *Node { return Sum(Normal(a, 0, -2.5)) }),
		"Normal: x[0] = NaN, want a finite":       model(func(at Point, a, s *Node) *Node { return Sum(Normal([]float64{math.NaN()}, a, s)) }),
		"Gamma: x[1] = 0, want a positive":        model(func(at Point, a, s *Node) *Node { return Sum(Gamma([]float64{1, 0}, s, s)) }),
		"PoissonLog: y[0] = 1.5, want 0, 1, 2":    model(func(at Point, a, s *Node) *Node { return Sum(PoissonLog([]float64{1.5}, a)) }),
		"BernoulliLogit: y has 4 numbers, and eta has 3": model(func(at Point, a, s *Node) *Node {
			return Sum(BernoulliLogit(y, Mul(a, at.Data([]float64{1, 2, 3}))))
		}),
		"Normal: x has 1 numbers, and mean has 3": model(func(at Point, a, s *Node) *Node {
			return Sum(Normal(y[:1], Mul(a, at.Data([]float64{1, 2, 3})), s))
		}),
		"Linear: 1 rows of 3 numbers": model(func(at Point, a, s *Node) *Node { return Sum(Linear([][]float64{{1, 2, 3}}, a)) }),
	} {
		if _, err := m.Sample(t.Context(), b, mcmc.Sampling{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// TestReadFilesRefuses checks that files that are cut off or of another model are.
func TestReadFilesRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good", "# a comment\nlp__,a.1,b\n-1,2,3\n# between\n-2,4,5\n")
	if d, err := ReadFiles(good, good); err != nil || d.Columns[0].Label != "a[1]" || d.Columns[1].Chains[1][1] != 5 {
		t.Errorf("%v %v", d, err)
	}
	for _, bad := range []string{
		write("cut", "lp__,a.1,b\n-1,2,3\n-2,4\n"), write("word", "lp__,a.1,b\n-1,2,x\n"),
		write("other", "lp__,a.1,c\n-1,2,3\n"), write("fewer", "lp__,a.1\n-1,2\n"), filepath.Join(dir, "none"),
	} {
		if _, err := ReadFiles(good, bad); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	part := write("killed.csv.part", "lp__,a.1,b\n-1,2,3\n-2,4,5\n-3,6,7.1")
	short := write("short.csv.part", "lp__,a.1,b\n-1,2,3\n")
	if d, err := ReadFiles(part, short); err != nil || len(d.LogP[0]) != 1 || len(d.Columns[1].Chains[0]) != 1 {
		t.Errorf("of a killed run: %v %v", d, err)
	}
	if d, err := ReadFiles(part); err != nil || len(d.LogP[0]) != 2 {
		t.Errorf("the line at which a run was killed was read: %v %v", d, err)
	}
	if _, err := ReadFiles(good, write("longer", "lp__,a.1,b\n-1,2,3\n-2,4,5\n-3,6,7\n")); err == nil || !strings.Contains(err.Error(), "longer has 3 draws, and another of the files 2") {
		t.Errorf("chains of two runs: %v", err)
	}
	if _, err := ReadFiles(); err == nil {
		t.Error("no files were read")
	}
	if _, err := ReadFiles(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestLabels checks the names that a table gives.
func TestLabels(t *testing.T) {
	m := Model{Parameters: []*Param{Unbounded(), Unbounded(2, 2)}}
	d, err := m.Constrain(backend.MustOpen(), &mcmc.Draws{X: [][][]float64{{{1, 2, 3, 4, 5}}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range d.Columns {
		got = append(got, c.Label)
	}
	if diff := cmp.Diff([]string{"p1", "p2[1,1]", "p2[1,2]", "p2[2,1]", "p2[2,2]"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestFloat32 evaluates a model in float32.
func TestFloat32(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a graph of its own")
	}
	m := newConjugate()
	x := make([]float32, m.Dim())
	wide := make([]float64, m.Dim())
	for i := range x {
		x[i] = float32(i%3) - 0.5
		wide[i] = float64(x[i])
	}
	narrow := MustExecOnce(backend.MustOpen(), m.LogProb, tensors.FromFlatDataAndDimensions(x, 1, len(x))).Value().([]float32)
	want := MustExecOnce(backend.MustOpen(), m.LogProb, tensors.FromFlatDataAndDimensions(wide, 1, len(x))).Value().([]float64)
	if math.Abs(float64(narrow[0])-want[0]) > 1e-5*math.Abs(want[0]) {
		t.Errorf("log p is %g in float32, %g in float64", narrow[0], want[0])
	}
}
