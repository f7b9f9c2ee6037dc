package mcmc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"gibbs/lib/rng"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
)

// sampleOver runs sampleOn with a share of the chains on each device, and joins what
// they leave. The first failure ends the others.
func sampleOver(ctx context.Context, b compute.Backend, kernel Trajectory, c Sampling) (*Draws, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	parts, errs := make([]*Draws, c.Devices), make([]error, c.Devices)
	together := newJoined(c)
	var work sync.WaitGroup
	for d := range c.Devices {
		work.Go(func() {
			share := c
			share.Start = rowsOf(c.Start, d*c.Chains/c.Devices, (d+1)*c.Chains/c.Devices)
			share.Chains = share.Start.Shape().Dim(0)
			together.hook(&share, d)
			key := rng.NewHost(c.Seed).Fold(int64(2 + d)).Key()
			if parts[d], errs[d] = sampleOn(ctx, b, compute.DeviceNum(d), key, kernel, share); errs[d] != nil {
				cancel(fmt.Errorf("mcmc: device %d: %w", d, errs[d]))
			}
		})
	}
	work.Wait()
	err := context.Cause(ctx)
	if slices.Contains(parts, nil) {
		return nil, errors.Join(errs...)
	}
	all := join(parts)
	all, _ = all.cut(all.shortest())
	return all, err
}

// joined hands on, one at a time, what the devices tell.
type joined struct {
	sync.Mutex
	each     func(*Draws) error
	progress func(done, all int)
	pending  []*Draws // of each device, not handed on yet
	done     []int    // transitions of each device
}

func newJoined(c Sampling) *joined {
	return &joined{each: c.Each, progress: c.Progress, pending: make([]*Draws, c.Devices), done: make([]int, c.Devices)}
}

// hook makes a share of a run tell j.
func (j *joined) hook(share *Sampling, device int) {
	if j.progress != nil {
		share.Progress = func(done, all int) {
			j.Lock()
			defer j.Unlock()
			j.done[device] = done
			j.progress(slices.Min(j.done), all)
		}
	}
	if j.each != nil {
		share.Each = func(block *Draws) error { return j.add(block, device) }
	}
}

// add hands on as many draws as all devices have made.
func (j *joined) add(block *Draws, device int) error {
	j.Lock()
	defer j.Unlock()
	if j.pending[device] != nil {
		block = j.pending[device].then(block)
	}
	j.pending[device] = block
	if slices.Contains(j.pending, nil) {
		return nil
	}
	n := j.pending[0].shortest()
	for _, p := range j.pending {
		n = min(n, p.shortest())
	}
	if n == 0 {
		return nil
	}
	heads := make([]*Draws, len(j.pending))
	for d, p := range j.pending {
		heads[d], j.pending[d] = p.cut(n)
	}
	return j.each(join(heads))
}

// join returns the chains of all parts.
func join(parts []*Draws) *Draws {
	all := &Draws{}
	for _, p := range parts {
		all.X, all.LogP, all.AcceptProb = append(all.X, p.X...), append(all.LogP, p.LogP...), append(all.AcceptProb, p.AcceptProb...)
		all.Energy, all.Leapfrogs, all.Depth = append(all.Energy, p.Energy...), append(all.Leapfrogs, p.Leapfrogs...), append(all.Depth, p.Depth...)
		all.Divergent = append(all.Divergent, p.Divergent...)
		all.StepSize, all.InverseMass = append(all.StepSize, p.StepSize...), append(all.InverseMass, p.InverseMass...)
		all.Gradients = max(all.Gradients, p.Gradients)
	}
	return all
}

// then returns the draws of d followed by those of more, of the same chains.
func (d *Draws) then(more *Draws) *Draws {
	all := *d
	all.X, all.LogP, all.AcceptProb = then(d.X, more.X), then(d.LogP, more.LogP), then(d.AcceptProb, more.AcceptProb)
	all.Energy, all.Leapfrogs, all.Depth = then(d.Energy, more.Energy), then(d.Leapfrogs, more.Leapfrogs), then(d.Depth, more.Depth)
	all.Divergent = then(d.Divergent, more.Divergent)
	return &all
}

func then[T any](first, second [][]T) (all [][]T) {
	for c := range first {
		all = append(all, slices.Concat(first[c], second[c]))
	}
	return all
}

// rowsOf copies rows of a matrix.
func rowsOf(x *tensors.Tensor, from, to int) *tensors.Tensor {
	dim := x.Shape().Dim(1)
	if x.DType() == dtypes.Float32 {
		return tensors.FromFlatDataAndDimensions(tensors.MustCopyFlatData[float32](x)[from*dim:to*dim], to-from, dim)
	}
	return tensors.FromFlatDataAndDimensions(tensors.MustCopyFlatData[float64](x)[from*dim:to*dim], to-from, dim)
}
