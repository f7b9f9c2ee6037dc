package launch

import "strings"

// endless are cells that never end by themselves, of the kinds that differ in how
// they can be ended. NUMBER is replaced, so that no cell is compiled already. All but
// the last print "ready" when they are where they stay.
var endless = []struct{ name, code string }{
	{"Go loop", "%%\nfmt.Println(\"ready\", NUMBER)\nfor {\n}"},
	{"XLA program", `import (
	"fmt"

	"gibbs/lib/backend"
	"github.com/gomlx/gomlx/core/graph"
)

%%
backend, err := backend.Open()
if err != nil {
	panic(err)
}
go func() { time.Sleep(time.Second); fmt.Println("ready", NUMBER) }()
graph.MustExecOnce(backend, func(x *graph.Node) *graph.Node {
	g := x.Graph()
	more := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node {
		return []*graph.Node{graph.GreaterThan(graph.Parameter(g, "x", x.Shape()), graph.Const(g, float32(0)))}
	})
	step := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node {
		return []*graph.Node{graph.Sqrt(graph.Parameter(g, "x", x.Shape()))}
	})
	return graph.While(more, step, x)[0]
}, float32(2))`},
	{"shell children", "!echo ready; sleep 100; sleep 100"},
	{"background child", "!sleep 100 & echo ready; wait"}, // bash lets it ignore SIGINT
	{"Go ignoring SIGINT", "%%\nsignal.Ignore(os.Interrupt)\nfmt.Println(\"ready\", NUMBER)\nfor {\n\ttime.Sleep(time.Hour)\n}"},
	{"bash ignoring SIGINT", "!trap '' INT; echo ready; sleep 100; sleep 100"},
	{"daemon", "!setsid sleep 100 >/dev/null 2>&1 & echo ready; sleep 100; sleep 100"},
	{"compiling", "import _ \"gibbs/lib/backend\"\n%%\n_ = NUMBER\nfor {\n}"},
}

// endlessCode is the code of the n-th cell of a kind.
func endlessCode(kind int, n string) string {
	return strings.ReplaceAll(endless[kind].code, "NUMBER", n)
}

// stays reports whether a kind says when it is ready.
func stays(kind int) bool { return endless[kind].name != "compiling" }
