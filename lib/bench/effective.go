package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"gibbs/lib/diag"
	"gibbs/lib/posterior/posteriordb"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Drawn is where the draws of a run of chains lie, and how long they took to come.
type Drawn struct {
	Setup float64 `json:"setup"` // seconds of compilation and warm-up, before those of the run
	File  string  `json:"file"`  // float64, little-endian, [chains, draws, dim]
	Shape [3]int  `json:"shape"`
}

// Law is what the draws of a job are from.
type Law struct {
	Names []string
	Of    func(x []float64) []float64 // the numbers so named, at one draw
	// Free is how many of them the effective sample size is the least of, the first ones.
	Free      int
	Reference Answer // means that are known
}

// into writes draws into a file of a folder, the same for all runs.
func into(folder string) func(chains) (float64, *Drawn, error) {
	path := filepath.Join(folder, fmt.Sprintf("draws-%d.f64", os.Getpid()))
	return func(d chains) (float64, *Drawn, error) {
		var flat []float64
		for _, chain := range d.x {
			flat = append(flat, slices.Concat(chain...)...)
		}
		raw, err := binary.Append(make([]byte, 0, 8*len(flat)), binary.LittleEndian, flat)
		if err == nil {
			err = os.WriteFile(path, raw, 0o644)
		}
		if err != nil {
			return 0, nil, fmt.Errorf("bench: %w", err)
		}
		return d.seconds, &Drawn{d.setup, path, [3]int{len(d.x), len(d.x[0]), len(d.x[0][0])}}, nil
	}
}

// read returns the draws of every named number, [names][chains][draws], and removes the
// file.
func (l *Law) read(d *Drawn) ([][][]float64, error) {
	raw, err := os.ReadFile(d.File)
	if err = errors.Join(err, os.Remove(d.File)); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	n, draws, dim := d.Shape[0], d.Shape[1], d.Shape[2]
	flat := make([]float64, n*draws*dim)
	if used, err := binary.Decode(raw, binary.LittleEndian, flat); err != nil || used != len(raw) {
		return nil, fmt.Errorf("bench: %d bytes of draws for %v numbers", len(raw), d.Shape)
	}
	all := make([][][]float64, len(l.Names))
	for k := range all {
		all[k] = make([][]float64, n)
	}
	for c := range n {
		for i := range draws {
			for k, v := range l.Of(flat[(c*draws+i)*dim:][:dim]) {
				all[k][c] = append(all[k][c], v)
			}
		}
	}
	return all, nil
}

// Effective says how runs that leave draws are judged: their seconds become those of
// so many effective samples, and their answer the means of the law's numbers.
type Effective struct {
	*Law
	Samples float64
	Setup   bool // are compilation and warm-up included?
}

// judge reads a run's draws.
func (l Effective) judge(r *Run) error {
	draws, err := l.read(r.Draws)
	if err != nil {
		return err
	}
	sizes, means := make([]float64, len(draws)), make([]Quantity, len(draws))
	var all sync.WaitGroup
	for k, draws := range draws {
		all.Go(func() {
			means[k] = Quantity{floats.Sum(slices.Concat(draws...)) / float64(len(draws)*len(draws[0])), diag.MCSEMean(draws)}
			if k < l.Free {
				sizes[k] = diag.ESSBulk(draws)
			}
		})
	}
	all.Wait()
	least := slices.Min(sizes[:l.Free])
	if !(least > 0) {
		return errors.New("bench: the chains have no effective sample size: one is constant, or not finite")
	}
	r.Answer = Answer{}
	for k, name := range l.Names {
		r.Answer[name] = means[k]
	}
	r.Seconds *= l.Samples / least
	if l.Setup {
		r.Seconds += r.Draws.Setup
	}
	return nil
}

// laws are those of the jobs with chains, by their targets.
func laws(target string, dim int) *Law {
	l := &Law{Free: dim, Reference: Answer{}}
	if target == "eight_schools" {
		for _, r := range posteriordb.EightSchools().Reference {
			l.Reference[r.Label] = Quantity{r.Mean.Value, r.Mean.Error}
		}
		l.Names = []string{"mu", "tau"}
		for k := range dim - 2 {
			l.Names = append(l.Names, fmt.Sprintf("theta[%d]", k+1))
		}
		l.Of = func(x []float64) []float64 {
			mu, tau := x[0], math.Exp(x[1])
			all := []float64{mu, tau}
			for _, z := range x[2:] {
				all = append(all, mu+tau*z)
			}
			return all
		}
		return l
	}
	for k := range dim {
		l.Names = append(l.Names, fmt.Sprintf("x%d", k+1))
	}
	l.Of = func(x []float64) []float64 { return x }
	if target == "logistic" {
		return l
	}
	n := newNormal(dim)
	for _, name := range l.Names {
		l.Reference[name] = Quantity{}
	}
	l.Names = append(l.Names, "−log p")
	l.Reference["−log p"] = Quantity{Value: float64(dim) / 2}
	l.Of = func(x []float64) []float64 {
		v := mat.NewVecDense(dim, x)
		return append(slices.Clone(x), mat.Inner(v, n.precision, v)/2)
	}
	return l
}
