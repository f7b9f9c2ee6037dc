package mcmc

import (
	"context"
	"math"
	"slices"

	"gibbs/lib/backend"
	"gibbs/lib/loop"
	"gibbs/lib/prob"
	"gibbs/lib/rng"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Trajectory is a sampler whose transitions are Hamiltonian trajectories of many
// leapfrog steps: [HMC], [ChEES] or [NUTS].
type Trajectory interface {
	begin(x *Node) loop.Nodes
	step(s rng.State, stepSize *Node, metric Metric, state loop.Nodes) (rng.State, loop.Nodes)
	target() prob.LogProber
}

// adaptive is a Trajectory that itself adapts what all its chains share.
type adaptive interface {
	// adapt returns what changes in the state after a step; of the constants it reads
	// adapting, bool, and accept, the target.
	adapt(constants loop.Nodes, metric Metric, before, after loop.Nodes) loop.Nodes
	// settle makes what adapted what is used from here on.
	settle(state loop.Tensors)
	// restart returns what adapts as it was at the beginning: the metric has changed.
	restart(tensor func(v []float64, dims ...int) *tensors.Tensor) loop.Tensors
}

// Sampling says how [Sample] runs. Every field but Dim has a usable zero value.
type Sampling struct {
	Dim    int // of a position; needed without Start
	Chains int // 0 means 4, or those of Start
	Warmup int // transitions in which step size and metric adapt, of which nothing is kept; 0 means 1000, −1 none
	Draws  int // transitions after it; 0 means 1000
	Seed   int64
	// Start is where chains begin, [chains, dim], float32 or float64, the dtype of all;
	// nil: uniform in [−2, 2], float64.
	Start *tensors.Tensor

	StepSize float64 // ε at the start of the warm-up, or without one; 0: found by doubling
	Accept   float64 // target of the mean acceptance probability; 0 means 0.8, for ChEES 0.651
	Metric   Shape   // which inverse mass is estimated
	// Pooled lets all chains adapt together, to one step size and one metric: better
	// estimates from fewer transitions where there are many chains. ChEES always does.
	Pooled bool

	// Devices shares the chains out to so many devices of the backend, which work at the
	// same time, each adapting its chains by themselves; 0 means 1. The draws depend on
	// how many they are.
	Devices int

	Store    *model.Store        // variables that the target reads, on one device; nil: none
	Progress func(done, all int) // transitions of the slowest chain; nil is silent
	// Each, if not nil, is given the draws as they come, the same number of every chain
	// each time, and Sample keeps none of them: for more draws than memory holds. It may
	// keep what it is given. An error of it ends the sampling.
	Each func(block *Draws) error
}

// Draws is what chains leave: everything is [chains][draws], positions are
// [chains][draws][dim].
type Draws struct {
	X          [][][]float64
	LogP       [][]float64 // log p, up to the target's constant
	AcceptProb [][]float64 // mean over the leapfrog steps of a transition
	Energy     [][]float64 // H after the momenta were drawn
	Leapfrogs  [][]int     // steps of the integrator
	Depth      [][]int     // doublings, of NUTS
	Divergent  [][]bool    // did the integrator lose the trajectory?

	StepSize    []float64   // of each chain
	InverseMass [][]float64 // of each chain: [dim], or [dim·dim] row by row for DenseMetric
	Gradients   int         // evaluations of the gradient by each chain, warm-up included
}

// Sample runs chains of a Hamiltonian sampler, with a warm-up in which step size and
// metric adapt as in Stan and after which nothing does. It compiles three programs,
// whatever the numbers.
//
// If ctx ends first, it returns the draws so far, as many of each chain as the shortest
// has, with an error that wraps ctx's. An error also says what is wrong in c, or that
// log p is not finite where a chain begins.
func Sample(ctx context.Context, b compute.Backend, kernel Trajectory, c Sampling) (*Draws, error) {
	c, err := c.withDefaults(b, kernel)
	if err != nil {
		return nil, err
	}
	if c.Devices > 1 {
		return sampleOver(ctx, b, kernel, c)
	}
	if c.Chains*c.Dim <= serialNumbers && c.Store == nil {
		if one := backend.Serial(b); one != b {
			b, c.Start = one, rowsOf(c.Start, 0, c.Chains) // a tensor that is on one backend cannot go to another
		}
	}
	return sampleOn(ctx, b, 0, rng.Key(c.Seed), kernel, c)
}

// serialNumbers is how many numbers positions hold at most for their program to run on
// one thread.
const serialNumbers = 4096

// sampleOn is Sample on one device, with a key for the seed, for a c without zeros.
func sampleOn(ctx context.Context, b compute.Backend, device compute.DeviceNum, key []uint32, kernel Trajectory, c Sampling) (*Draws, error) {
	s, err := newSampling(ctx, b, device, key, kernel, c)
	if err != nil {
		return nil, err
	}
	defer s.finalize()
	if err := s.warm(ctx); err != nil {
		return nil, err
	}
	err = s.stage(ctx, s.Draws, false)
	d := s.draws
	if s.Each != nil {
		d = s.newDraws()
	}
	d, _ = d.cut(d.shortest())
	d.Gradients = s.steps
	return d, err
}

// newDraws returns no draws, of chains as they are adapted now.
func (s *sampling) newDraws() *Draws {
	d := newDraws(s.Chains)
	for i := range s.Chains {
		d.StepSize = append(d.StepSize, math.Exp(s.logStep[i%s.groups]))
		d.InverseMass = append(d.InverseMass, s.mass.inverse[i%s.groups])
	}
	return d
}

func newDraws(chains int) *Draws {
	return &Draws{
		X: make([][][]float64, chains), LogP: make([][]float64, chains), AcceptProb: make([][]float64, chains),
		Energy: make([][]float64, chains), Leapfrogs: make([][]int, chains), Depth: make([][]int, chains),
		Divergent: make([][]bool, chains),
	}
}

// add appends the transitions that ended in some steps of the program; made counts
// those of each chain, up to n.
func (d *Draws) add(kept loop.Tensors, made []int, n int) {
	x, logP, accept, energy := numbers(kept["at.x"]), numbers(kept["at.logp"]), numbers(kept["accept"]), numbers(kept["energy"])
	leaves, depth := tensors.MustCopyFlatData[int32](kept["leaves"]), tensors.MustCopyFlatData[int32](kept["depth"])
	done, diverged := tensors.MustCopyFlatData[bool](kept["done"]), tensors.MustCopyFlatData[bool](kept["diverged"])
	chains, dim := len(d.X), kept["at.x"].Shape().Dim(2)
	for i := range done {
		c := i % chains
		if !done[i] || made[c] == n {
			continue
		}
		made[c]++
		d.X[c] = append(d.X[c], slices.Clone(x[i*dim:(i+1)*dim])) // the block goes
		d.LogP[c] = append(d.LogP[c], logP[i])
		d.AcceptProb[c] = append(d.AcceptProb[c], accept[i]/float64(leaves[i]))
		d.Energy[c] = append(d.Energy[c], energy[i])
		d.Leapfrogs[c] = append(d.Leapfrogs[c], int(leaves[i]))
		d.Depth[c] = append(d.Depth[c], int(depth[i]))
		d.Divergent[c] = append(d.Divergent[c], diverged[i])
	}
}

// cut returns the first n draws of each chain, and the rest.
func (d *Draws) cut(n int) (head, tail *Draws) {
	h, t := *d, *d
	h.X, t.X = cut(d.X, n)
	h.LogP, t.LogP = cut(d.LogP, n)
	h.AcceptProb, t.AcceptProb = cut(d.AcceptProb, n)
	h.Energy, t.Energy = cut(d.Energy, n)
	h.Leapfrogs, t.Leapfrogs = cut(d.Leapfrogs, n)
	h.Depth, t.Depth = cut(d.Depth, n)
	h.Divergent, t.Divergent = cut(d.Divergent, n)
	return &h, &t
}

func cut[T any](chains [][]T, n int) (head, tail [][]T) {
	for _, c := range chains {
		head, tail = append(head, c[:n:n]), append(tail, slices.Clone(c[n:]))
	}
	return head, tail
}

// shortest returns the least number of draws of a chain.
func (d *Draws) shortest() int {
	n := math.MaxInt
	for _, x := range d.X {
		n = min(n, len(x))
	}
	return n
}

// Coordinate returns coordinate i of all positions, [chains][draws]: what package diag
// takes.
func (d *Draws) Coordinate(i int) [][]float64 {
	out := make([][]float64, len(d.X))
	for c, draws := range d.X {
		for _, x := range draws {
			out[c] = append(out[c], x[i])
		}
	}
	return out
}

// Divergences counts the divergent transitions.
func (d *Draws) Divergences() (n int) {
	for _, chain := range d.Divergent {
		for _, diverged := range chain {
			if diverged {
				n++
			}
		}
	}
	return n
}
