package mcmc

import (
	"context"
	"math"
	"slices"
	"testing"

	"gibbs/lib/backend"
	"gibbs/lib/loop"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
)

// stretched is a Gaussian in three dimensions, and its moments.
var (
	stretched       = &prob.Mixture{Means: [][]float64{{1, -2, 3}}, Sigmas: [][]float64{{1, 2, 0.5}}}
	stretchedMean   = []float64{1, -2, 3}
	stretchedSigmas = []float64{1, 2, 0.5}
)

func stretchedLogP(x []float64) (logP float64) {
	for i, v := range x {
		logP -= 0.5*math.Pow((v-stretchedMean[i])/stretchedSigmas[i], 2) + math.Log(stretchedSigmas[i]*math.Sqrt(2*math.Pi))
	}
	return logP
}

// hostPoint is a point of a trajectory on the host.
type hostPoint struct{ x, p []float64 }

func (at hostPoint) energy() float64 { return floats.Dot(at.p, at.p)/2 - stretchedLogP(at.x) }

func (at hostPoint) leapfrog(eps float64) hostPoint {
	x, p := slices.Clone(at.x), slices.Clone(at.p)
	kick := func() {
		for i := range p {
			p[i] -= eps / 2 * (x[i] - stretchedMean[i]) / (stretchedSigmas[i] * stretchedSigmas[i])
		}
	}
	kick()
	floats.AddScaled(x, eps, p)
	kick()
	return hostPoint{x, p}
}

// turned applies the criterion to a list of points in the order of time.
func turned(points []hostPoint, bug string) bool {
	first, last := points[0].p, points[len(points)-1].p
	rho := make([]float64, len(first))
	for _, at := range points {
		floats.Add(rho, at.p)
	}
	if bug != "ρ with whole ends" {
		floats.AddScaled(rho, -0.5, first)
		floats.AddScaled(rho, -0.5, last)
	}
	if bug == "both ends must turn" {
		return floats.Dot(first, rho) <= 0 && floats.Dot(last, rho) <= 0
	}
	return floats.Dot(first, rho) <= 0 || floats.Dot(last, rho) <= 0
}

// hostNUTS makes one transition of chain 0 of one, in the words of the papers: whole
// lists of points, checked afresh after each step. noise returns the numbers of the
// next step of the program: normals for the momenta, three uniforms. bug plants an
// error; "" is none.
func hostNUTS(x []float64, eps float64, maxDepth int, bug string, noise func() (z, u []float64)) (draw []float64, depth, leaves int) {
	z, u := noise()
	if bug == "momenta of half the size" {
		floats.Scale(0.5, z)
	}
	tree := []hostPoint{{x, z}}
	h0, draw := tree[0].energy(), x
	weight := 1.0
	for depth = 0; depth < maxDepth; depth++ {
		if depth > 0 {
			_, u = noise()
		}
		forwards := u[0] < 0.5 || bug == "always forwards"
		at, eps := tree[len(tree)-1], eps
		if !forwards {
			at, eps = tree[0], -eps
		}
		var half []hostPoint
		var halfDraw []float64
		halfWeight := 0.0
		for i := range 1 << depth {
			if i > 0 {
				_, u = noise()
			}
			at = at.leapfrog(eps)
			leaves++
			w := math.Exp(h0 - at.energy())
			switch bug {
			case "sign of the weight":
				w = 1 / w
			case "equal weights":
				w = 1
			}
			if halfWeight += w; u[1] < w/halfWeight || bug == "the last point of a half" {
				halfDraw = at.x
			}
			half = append(half, at)
			for size := 2; size <= len(half); size *= 2 { // the subtrees that this point completes
				if len(half)%size == 0 {
					whole := half[len(half)-size:]
					if !forwards {
						whole = slices.Clone(whole)
						slices.Reverse(whole)
					}
					if turned(whole, bug) && bug != "subtrees unchecked" {
						if bug == "a half that turned is taken" && u[2] < halfWeight/weight {
							draw = halfDraw
						}
						return draw, depth, leaves
					}
				}
			}
		}
		total := weight
		if bug == "halves drawn evenly" {
			total += halfWeight
		}
		if u[2] < halfWeight/total {
			draw = halfDraw
		}
		weight += halfWeight
		if forwards {
			tree = append(tree, half...)
		} else {
			slices.Reverse(half)
			tree = append(half, tree...)
		}
		if turned(tree, bug) && bug != "the whole unchecked" {
			return draw, depth + 1, leaves
		}
	}
	return draw, depth, leaves
}

// TestNUTSAgainstLists makes 500 leapfrog steps of five chains and repeats them on the
// host with whole lists of points: the same words, so the same draws to rounding, the
// same depths and numbers of steps. It catches a wrong mark, level, end, weight, or
// momentum of any chain at any place in its tree; see TestNUTSCatchesBugs.
func TestNUTSAgainstLists(t *testing.T) {
	for _, c := range []struct {
		eps      float64
		maxDepth int
	}{{0.3, 0}, {0.05, 4}, {0.9, 0}} {
		got := walkNUTS(t, NUTS{Target: stretched, MaxDepth: c.maxDepth}, c.eps)
		for chain, transitions := range got {
			want := hostChain(chain, c.eps, NUTS{MaxDepth: c.maxDepth}.depth(), len(transitions), "")
			if i := firstDifference(transitions, want); i >= 0 {
				t.Fatalf("ε = %g, chain %d, transition %d: %v, want %v", c.eps, chain, i, transitions[i], want[i])
			}
			if len(transitions) < 500/16/8 {
				t.Errorf("ε = %g, chain %d: only %d transitions", c.eps, chain, len(transitions))
			}
		}
	}
}

// TestNUTSCatchesBugs plants errors in the host's transitions: the test above must tell
// each of them from the program.
func TestNUTSCatchesBugs(t *testing.T) {
	const eps = 0.3
	got := walkNUTS(t, NUTS{Target: stretched}, eps)
	for _, bug := range []string{"momenta of half the size", "always forwards", "sign of the weight", "equal weights",
		"the last point of a half", "halves drawn evenly", "subtrees unchecked", "the whole unchecked",
		"a half that turned is taken", "ρ with whole ends", "both ends must turn"} {
		caught := false
		for chain, transitions := range got {
			caught = caught || firstDifference(transitions, hostChain(chain, eps, 10, len(transitions), bug)) >= 0
		}
		if !caught {
			t.Errorf("not caught: %s", bug)
		}
	}
}

// firstDifference returns where two chains part, −1 if they do not.
func firstDifference(got, want []ended) int {
	for i, at := range got {
		d := floats.Distance(at.x, want[i].x, math.Inf(1))
		if !(d < 1e-8) || at.depth != want[i].depth || at.leaves != want[i].leaves {
			return i
		}
	}
	return -1
}

// ended is a transition that ended.
type ended struct {
	x             []float64
	depth, leaves int
}

const nutsChains, nutsSteps, nutsSeed = 5, 500, 3

// walkNUTS returns the transitions of every chain.
func walkNUTS(t *testing.T, k NUTS, eps float64) [][]ended {
	t.Helper()
	program, err := loop.Compile(backend.MustOpen(), loop.Loop{
		Init: func(in loop.Nodes) loop.Nodes {
			state := k.begin(in["x"])
			state["rng"], state["diverged"] = rng.FromKey(in["key"]).Lanes(16).Node(), state["done"]
			return state
		},
		Step: func(_ *Node, constants, state loop.Nodes) loop.Nodes {
			s, next := k.step(rng.FromNode(state["rng"]), constants["eps"], Metric{}, state)
			next["rng"] = s.Node()
			return next
		},
		Collect: collect,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer program.Finalize()
	eachEps := tensors.FromValue(slices.Repeat([]float64{eps}, nutsChains))
	r, err := program.Run(context.Background(), nutsSteps, loop.Tensors{"eps": eachEps},
		loop.Tensors{"x": tensors.FromFlatDataAndDimensions(make([]float64, nutsChains*3), nutsChains, 3), "key": tensors.FromValue(rng.Key(nutsSeed))})
	if err != nil {
		t.Fatal(err)
	}
	draws := newDraws(nutsChains)
	draws.add(r.Collected, make([]int, nutsChains), nutsSteps)
	out := make([][]ended, nutsChains)
	for chain, xs := range draws.X {
		for i, x := range xs {
			out[chain] = append(out[chain], ended{x, draws.Depth[chain][i], draws.Leapfrogs[chain][i]})
		}
	}
	return out
}

// hostChain returns n transitions of one of the chains.
func hostChain(chain int, eps float64, maxDepth, n int, bug string) (out []ended) {
	stream := rng.NewHost(nutsSeed).Lanes(16)
	noise := func() (z, u []float64) {
		z, all := stream.Normal(3*nutsChains), stream.Uniform(3*nutsChains)
		return z[3*chain:][:3], []float64{all[chain], all[nutsChains+chain], all[2*nutsChains+chain]}
	}
	x := make([]float64, 3)
	for range n {
		draw, depth, leaves := hostNUTS(x, eps, maxDepth, bug, noise)
		out = append(out, ended{draw, depth, leaves})
		x = draw
	}
	return out
}
