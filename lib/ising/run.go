package ising

import (
	"context"
	"fmt"
	"math"

	"gibbs/lib/loop"
	"gibbs/lib/rng"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
)

// Config says how lattices are swept: Chains of them at each temperature, all side by
// side in one program.
type Config struct {
	// Tau are the temperatures of the replicas, positive, at least one; in order for
	// Exchange.
	Tau []float64
	// Sweeps is the number of sweeps after BurnIn, at least 1: each updates every spin.
	Sweeps int
	// BurnIn is the number of sweeps made first, of which nothing is kept.
	BurnIn int
	// Seed names the random numbers.
	Seed int64
	// Progress is called between blocks of sweeps; nil is silent.
	Progress func(done, sweeps int)

	// The fields below are compiled, with the number of temperatures: a [Sampler]
	// keeps those that it was made with.

	// Chains is the number of independent lattices at each temperature; 0 means 1.
	Chains int
	// Rule draws the spins; the zero value is HeatBath.
	Rule Rule
	// Hot starts from random spins; else all are up. Below τ_c a hot start may freeze
	// into stripes for a long time.
	Hot bool
	// Exchange offers the lattices of neighbours in temperature an exchange after
	// every sweep (parallel tempering).
	Exchange bool
	// Thin keeps E and M of every Thin-th sweep; 0 means 1.
	Thin int
	// FinalOnly keeps nothing but the last lattices.
	FinalOnly bool
	// Block is the number of sweeps between two returns to Go; 0: chosen for speed.
	Block int
}

// Result is what sweeps leave.
type Result struct {
	Tau           []float64     // of the replicas
	Energy        [][][]float64 // E of each kept sweep, [replicas][chains][kept]
	Magnetization [][][]float64 // Σ sᵢ likewise
	Final         [][]*Spins    // the last lattices, [replicas][chains]
	// Exchanged is the fraction of accepted exchanges between replicas i and i+1,
	// [replicas−1]; nil without Exchange.
	Exchanged []float64
	// Sweeps is the number of sweeps made, with the burn-in: fewer than asked for only
	// if a context ended the run.
	Sweeps int
}

// Run compiles a sampler and runs it once: [Compile], [Sampler.Run].
func Run(ctx context.Context, b compute.Backend, l Lattice, c Config) (*Result, error) {
	s, err := Compile(b, l, c)
	if err != nil {
		return nil, err
	}
	defer s.Finalize()
	return s.Run(ctx, c)
}

// Sampler is a compiled program of sweeps. Runs of any length, seed and temperatures (of
// one number) share it. It is not for concurrent use.
type Sampler struct {
	lattice  Lattice
	compiled Config
	program  *loop.Program
	progress func(done, sweeps int)
}

// Compile makes a sampler for a lattice of even L.
func Compile(b compute.Backend, l Lattice, c Config) (*Sampler, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if c.Chains = max(c.Chains, 1); l.L%2 != 0 || len(c.Tau) < 1 || (c.Exchange && len(c.Tau) < 2) {
		return nil, fmt.Errorf("ising: want an even L (two sublattices) and a temperature, two for Exchange; got L = %d and %d", l.L, len(c.Tau))
	}
	s := &Sampler{lattice: l, compiled: c}
	sweeps := loop.Loop{
		Init: s.init, Step: s.step, Every: c.Thin, Block: c.Block,
		Progress: func(done, all int) {
			if s.progress != nil {
				s.progress(done, all)
			}
		},
	}
	if !c.FinalOnly {
		sweeps.Collect = func(_, at loop.Nodes) loop.Nodes { return loop.Nodes{"bonds": at["bonds"], "total": at["total"]} }
	}
	var err error
	if s.program, err = loop.Compile(b, sweeps); err != nil {
		return nil, fmt.Errorf("ising: %w", err)
	}
	return s, nil
}

// Finalize frees the compiled program.
func (s *Sampler) Finalize() { s.program.Finalize() }

// Run makes the sweeps. If ctx ends first, it returns what was done with an error that
// wraps ctx's.
func (s *Sampler) Run(ctx context.Context, c Config) (*Result, error) {
	if len(c.Tau) != len(s.compiled.Tau) || c.Sweeps < 1 || c.BurnIn < 0 || c.BurnIn+c.Sweeps > math.MaxInt32 {
		return nil, fmt.Errorf("ising: want %d temperatures, Sweeps ≥ 1 and BurnIn ≥ 0, got %d, %d and %d", len(s.compiled.Tau), len(c.Tau), c.Sweeps, c.BurnIn)
	}
	beta := make([]float32, len(c.Tau))
	for i, tau := range c.Tau {
		if !(tau > 0) {
			return nil, fmt.Errorf("ising: the temperature %g is not positive", tau)
		}
		beta[i] = float32(1 / tau)
	}
	s.progress = c.Progress
	key := tensors.FromValue(rng.Key(c.Seed))
	constants := loop.Tensors{"table": tensors.FromValue(s.compiled.Rule.thresholds(s.lattice.Field, c.Tau, s.compiled.Chains))}
	if s.compiled.Exchange {
		constants["beta"], constants["key"] = tensors.FromValue(beta), key
	}
	r, err := s.program.Run(ctx, c.BurnIn+c.Sweeps, constants, loop.Tensors{"key": key})
	if err != nil {
		err = fmt.Errorf("ising: %w", err)
	}
	if r == nil {
		return nil, err
	}
	return s.result(c, r), err
}

// result brings the end of a loop to the host.
func (s *Sampler) result(c Config, r *loop.Result) *Result {
	result := &Result{Tau: c.Tau, Sweeps: r.Steps, Final: s.spins(r.State)}
	if !s.compiled.FinalOnly {
		skip := c.BurnIn / max(s.compiled.Thin, 1)
		bonds, total := s.sorted(r.Collected["bonds"], skip), s.sorted(r.Collected["total"], skip)
		for i := range bonds {
			for j := range bonds[i] {
				for k := range bonds[i][j] {
					bonds[i][j][k] -= s.lattice.Field * total[i][j][k]
				}
			}
		}
		result.Energy, result.Magnetization = bonds, total
	}
	if s.compiled.Exchange {
		for i, n := range tensors.MustCopyFlatData[int32](r.State["swaps"]) {
			tries := (r.Steps + 1 - i%2) / 2 * s.compiled.Chains // even pairs begin
			result.Exchanged = append(result.Exchanged, float64(n)/float64(tries))
		}
	}
	return result
}

// sorted returns what was kept, int32 [kept, lattices], as [replicas][chains][kept −
// skip].
func (s *Sampler) sorted(t *tensors.Tensor, skip int) [][][]float64 {
	flat := tensors.MustCopyFlatData[int32](t)
	replicas, chains := len(s.compiled.Tau), s.compiled.Chains
	kept := len(flat) / (replicas * chains)
	rows := make([][][]float64, replicas)
	for i := range rows {
		rows[i] = make([][]float64, chains)
		for j := range rows[i] {
			for k := skip; k < kept; k++ {
				rows[i][j] = append(rows[i][j], float64(flat[(k*replicas+i)*chains+j]))
			}
		}
	}
	return rows
}

// spins joins the quarters of the last lattices.
func (s *Sampler) spins(state loop.Tensors) [][]*Spins {
	replicas, chains, half := len(s.compiled.Tau), s.compiled.Chains, s.lattice.L/2
	lattices := make([][]*Spins, replicas)
	for i := range lattices {
		for range chains {
			lattices[i] = append(lattices[i], NewSpins(s.lattice))
		}
	}
	for name, at := range map[string][2]int{"00": {0, 0}, "01": {0, 1}, "10": {1, 0}, "11": {1, 1}} {
		for k, spin := range tensors.MustCopyFlatData[int32](state[name]) {
			lattice, site := k%(replicas*chains), k/(replicas*chains)
			row, col := 2*(site/half)+at[0], 2*(site%half)+at[1]
			lattices[lattice/chains][lattice%chains].S[row*s.lattice.L+col] = int8(spin)
		}
	}
	return lattices
}
