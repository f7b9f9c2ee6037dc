package doctor

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"gibbs/kernels/child"
	"gibbs/lib/backend/pjrt"
)

//go:embed latency.py
var latencyScript string

// latencyCell compiles and runs a graph on the backend; @ becomes another number
// each time, so that the cell is always a changed one.
const latencyCell = `import (
	"fmt"

	"gibbs/lib/backend"
	"github.com/gomlx/gomlx/core/graph"
)

%%
sum, err := graph.CallOnce(backend.MustOpen(), func(x *graph.Node) *graph.Node {
	return graph.ReduceAllSum(x)
}, []float32{@, 0})
if err != nil {
	panic(err)
}
fmt.Println("sum", sum.Value())
`

// timedKernel is a kernel for latency.py.
type timedKernel struct {
	Name  string            `json:"name"`
	Argv  []string          `json:"argv"`
	Env   map[string]string `json:"env"`
	First string            `json:"first"`
	Cell  string            `json:"cell"`
}

// ours is the kernel as Jupyter starts it.
func (e *examination) ours() timedKernel {
	return timedKernel{
		Name: "gibbs",
		Argv: []string{e.Bin("gibbs"), "kernel", "--backend", "auto", "{connection_file}"},
		Env:  map[string]string{"GIBBS_ROOT": e.Root, "GIBBS_HOME": e.Home},
		Cell: latencyCell,
	}
}

// stock is GoNB as its own installer registers it. Its first cell gives the cell
// module what the imports need, as GoNB's documentation advises.
func (e *examination) stock() timedKernel {
	return timedKernel{
		Name: "stock",
		Argv: []string{e.Bin("gonb"), "--kernel", "{connection_file}", "--logtostderr"},
		Env: map[string]string{"GIBBS_ROOT": e.Root, "GIBBS_HOME": e.Home,
			"PATH": e.Bin("") + string(os.PathListSeparator) + os.Getenv("PATH")},
		First: fmt.Sprintf("!*go mod edit -require=gibbs@v0.0.0 -replace=gibbs='%s' && cp '%s/go.sum' .", e.Root, e.Root),
		Cell:  latencyCell,
	}
}

// latency times changed cells.
func (e *examination) latency(ctx context.Context) []Row {
	if e.Cells == 0 || e.facts.Kernels == nil {
		return nil
	}
	kernels := []timedKernel{e.ours()}
	if e.Stock {
		kernels = []timedKernel{e.stock(), e.ours()}
	}
	args := []string{"-c", latencyScript, fmt.Sprint(e.Cells)}
	for _, k := range kernels {
		text, err := json.Marshal(k)
		if err != nil {
			return []Row{{"cell latency", Broken, err.Error(), "report it"}}
		}
		args = append(args, string(text))
	}
	out, err := child.Command{Dir: e.Root, Name: e.Python(), Args: args}.Output(ctx)
	seconds := map[string][]float64{}
	if err == nil {
		err = json.Unmarshal([]byte(out), &seconds)
	}
	if err != nil {
		return []Row{{"cell latency", Broken, "a cell could not be run: " + err.Error(), doSetup + "; then read the lines above"}}
	}
	for name, all := range seconds {
		if len(all) != e.Cells+1 {
			return []Row{{"cell latency", Broken, fmt.Sprintf("%d times of %s came back, want %d", len(all), name, e.Cells+1), "report it"}}
		}
	}
	first, changed := seconds["gibbs"][0], seconds["gibbs"][1:]
	rows := []Row{{Name: "cell latency", Value: fmt.Sprintf("%.2f s, the median of %d changed cells that use %s (%s); the first cell %.2f s",
		median(changed), e.Cells, e.latencyBackend(), span(changed), first)}}
	if e.Stock {
		stock := seconds["stock"][1:]
		ratio := median(stock) / median(changed)
		row := Row{Name: "stock GoNB", Value: fmt.Sprintf("%.2f s (%s), the same cells in turn: gibbs answers %.1f times sooner", median(stock), span(stock), ratio)}
		if ratio < 3 {
			row.State = Note
			row.Do = "at least 3 times is expected; measure on an idle machine"
		}
		rows = append(rows, row)
	}
	return rows
}

// latencyBackend names what the timed cells run on.
func (e *examination) latencyBackend() string {
	if p, ok := pjrt.PluginFor("xla-cpu"); ok && p.Verify(e.Home) == nil {
		return "XLA"
	}
	return "pure Go"
}

// median is the middle of the values, or the mean of the two in the middle.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// span writes the least and the largest value.
func span(values []float64) string {
	if len(values) == 0 {
		return "none"
	}
	return strings.Join([]string{fmt.Sprintf("%.2f", slices.Min(values)), fmt.Sprintf("%.2f", slices.Max(values))}, " to ")
}
