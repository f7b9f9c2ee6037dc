package solve

import (
	"context"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/loop"
	"gibbs/lib/rng"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Options are what all integrations have in common. The zero value is usable.
type Options struct {
	Every    int                   // keep x after every Every-th step; 0: keep nothing
	Store    *model.Store          // of the variables that the equation reads through scopes; nil: none
	Progress func(done, steps int) // called now and then; nil is silent
}

// Program is an equation and a method, integrated inside one compiled program.
// Times and numbers of steps are its arguments: it compiles once for each shape
// of x. It is not for concurrent use.
type Program struct {
	loop  *loop.Program
	kind  kind
	keeps bool
}

type kind int

const (
	fixed kind = iota
	stochastic
	adaptive
)

// Result is where an integration arrived.
type Result struct {
	X     *tensors.Tensor // at the end, [batch, event…]
	Kept  *tensors.Tensor // after every Every-th step, [kept, batch, event…]; nil without Every
	Steps int             // steps made; of an adaptive method, those that were tried
}

// CompileODE makes a program that takes equal steps of dx/dt = f(x, t).
func CompileODE(b compute.Backend, f Field, m Method, o Options) (*Program, error) {
	return compile(b, loop.Loop{Step: func(i *Node, constants, state loop.Nodes) loop.Nodes {
		x := state["x"]
		t, dt := clock(i, constants, x)
		return loop.Nodes{"x": m.Step(f, x, t, dt)}
	}}, fixed, o)
}

// CompileSDE makes a program that takes equal Euler–Maruyama steps.
func CompileSDE(b compute.Backend, e SDE, o Options) (*Program, error) {
	return compile(b, loop.Loop{
		Init: func(in loop.Nodes) loop.Nodes {
			x := in["x"]
			lanes := rng.FromKey(in["key"]).Lanes((x.Shape().Size() + 1) / 2)
			return loop.Nodes{"x": x, "rng": lanes.Node()}
		},
		Step: func(i *Node, constants, state loop.Nodes) loop.Nodes {
			x := state["x"]
			t, dt := clock(i, constants, x)
			s, x := EulerMaruyama(e, rng.FromNode(state["rng"]), x, t, dt)
			return loop.Nodes{"x": x, "rng": s.Node()}
		},
	}, stochastic, o)
}

// CompileAdaptive makes a program that takes steps of dx/dt = f(x, t) as long as
// tol allows, of a length of its own for every example, until all have arrived. m
// is DormandPrince, BogackiShampine or another one that [Method.Advance] takes.
func CompileAdaptive(b compute.Backend, f Field, m Method, tol Tolerance, o Options) (*Program, error) {
	return compile(b, loop.Loop{
		Init: func(in loop.Nodes) loop.Nodes {
			x := in["x"]
			return unpacked(Start(f, tol, x, each(in["from"], x), each(in["to"], x)))
		},
		Step: func(_ *Node, _, state loop.Nodes) loop.Nodes {
			return unpacked(m.Advance(f, tol, packed(state)))
		},
		While: func(_, state loop.Nodes) *Node { return LogicalNot(LogicalAll(state["done"])) },
	}, adaptive, o)
}

func unpacked(a Adaptive) loop.Nodes {
	return loop.Nodes{"x": a.X, "t": a.T, "dt": a.DT, "k": a.K, "to": a.To, "done": a.Done}
}

func packed(n loop.Nodes) Adaptive {
	return Adaptive{X: n["x"], T: n["t"], DT: n["dt"], K: n["k"], To: n["to"], Done: n["done"]}
}

// clock returns t = from + i·dt and dt, [batch].
func clock(i *Node, constants loop.Nodes, x *Node) (t, dt *Node) {
	from, dt := constants["from"], constants["dt"]
	t = Add(from, Mul(ConvertDType(i, dt.DType()), dt))
	return each(t, x), each(dt, x)
}

// each repeats a scalar for each example of x.
func each(c, x *Node) *Node { return BroadcastToDims(c, x.Shape().Dimensions[0]) }

func compile(b compute.Backend, l loop.Loop, k kind, o Options) (*Program, error) {
	l.Store, l.Progress, l.Every = o.Store, o.Progress, o.Every
	if o.Every != 0 {
		l.Collect = func(_, state loop.Nodes) loop.Nodes { return loop.Nodes{"x": state["x"]} }
	}
	p, err := loop.Compile(b, l)
	if err != nil {
		return nil, fmt.Errorf("solve: %w", err)
	}
	return &Program{loop: p, kind: k, keeps: o.Every != 0}, nil
}

// Run integrates x [batch, event…], float32 or float64, from one time to another,
// which may be the earlier one. steps is their number, and for an adaptive method
// the most that it may try; seed is that of an SDE's noise. x stays the caller's.
//
// The error says if an adaptive method did not arrive, as happens where x becomes
// infinite or the tolerance is below what x's dtype resolves.
func (p *Program) Run(ctx context.Context, x *tensors.Tensor, from, to float64, steps int, seed int64) (*Result, error) {
	dtype := x.DType()
	if dtype != dtypes.Float32 && dtype != dtypes.Float64 || x.Rank() == 0 || steps < 1 {
		return nil, fmt.Errorf("solve: Run takes x [batch, event…] of float32 or float64 and at least one step, got %s and %d", x.Shape(), steps)
	}
	start := number(from, dtype)
	constants := loop.Tensors{"from": start, "dt": number((to-from)/float64(steps), dtype)}
	in := loop.Tensors{"x": x}
	switch p.kind {
	case stochastic:
		in["key"] = tensors.FromValue(rng.Key(seed))
	case adaptive:
		constants = nil
		in["from"], in["to"] = start, number(to, dtype)
	}
	r, err := p.loop.Run(ctx, steps, constants, in)
	if err != nil {
		return nil, fmt.Errorf("solve: %w", err)
	}
	if p.kind == adaptive {
		if err := arrived(r); err != nil {
			return nil, err
		}
	}
	result := &Result{X: r.State["x"], Steps: r.Steps}
	if p.keeps {
		result.Kept = r.Collected["x"]
	}
	return result, nil
}

// arrived returns an error if an example did not arrive.
func arrived(r *loop.Result) error {
	missing := 0
	done, err := tensors.CopyFlatData[bool](r.State["done"])
	for _, d := range done {
		if !d {
			missing++
		}
	}
	if err == nil && missing > 0 {
		err = fmt.Errorf("solve: %d of %d examples have not arrived after %d steps: allow more steps or a larger tolerance, and look for where x becomes infinite", missing, len(done), r.Steps)
	}
	return err
}

func number(v float64, dtype dtypes.DType) *tensors.Tensor {
	if dtype == dtypes.Float64 {
		return tensors.FromScalar(v)
	}
	return tensors.FromScalar(float32(v))
}

// Finalize frees the compiled program.
func (p *Program) Finalize() { p.loop.Finalize() }
