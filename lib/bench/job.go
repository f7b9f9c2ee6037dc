package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
)

// Job is a piece of work that several sides do. The first side is the one that
// the others' times are divided by.
type Job struct {
	Name  string
	What  string // one run, in words
	Aim   string // what is hoped for, in one run on two cores; "" is nothing
	Sides []Side
	Cases []Case
	Exact map[string]float64 // quantities of the answer that are known exactly

	// Measure replaces the alternation of processes for what is no process of
	// ours; nil for most jobs.
	Measure func(ctx context.Context, b *bench) ([]Series, error)
}

// Side is who does a job: "ours", a way of ours, or a peer.
type Side struct {
	Name    string
	Library string         // "": ours; else the first part of the program's file name
	Way     map[string]any // settings of this side alone
}

// Case is one size of a job.
type Case struct {
	Name     string
	Cores    int            // that a side is held to; 0: all
	Settings map[string]any // what the programs are given

	Effective *Effective // what is made of runs that leave draws; nil for those with answers
}

var (
	ours       = Side{Name: "ours"}
	plain      = Side{Name: "ours, step by step", Way: map[string]any{"block": 1}}
	goroutines = Side{Name: "ours, goroutines", Way: map[string]any{"native": true}}
	jax        = Side{Name: "JAX", Library: "jax"}
	blackjax   = Side{Name: "BlackJAX", Library: "blackjax"}
	numpyro    = Side{Name: "NumPyro", Library: "numpyro"}
	sklearn    = Side{Name: "scikit-learn", Library: "sklearn"}
	numba      = Side{Name: "Numba", Library: "numba"}
	torch      = Side{Name: "PyTorch", Library: "torch"}
	torchPlain = Side{Name: "PyTorch, eager", Library: "torch", Way: map[string]any{"eager": true}}
)

// settings are what a side's program is given: the case's, the side's own, and the
// folder for what the sides of a job hand to each other.
func (s Side) settings(c Case, folder string) (string, error) {
	all := map[string]any{"folder": folder}
	maps.Copy(all, c.Settings)
	maps.Copy(all, s.Way)
	raw, err := json.Marshal(all)
	return string(raw), err
}

// program returns how a side's process is started.
func (b *bench) program(ctx context.Context, j Job, s Side, c Case) (program, error) {
	settings, err := s.settings(c, b.programs)
	if err != nil {
		return program{}, fmt.Errorf("bench: %w", err)
	}
	p := program{name: fmt.Sprintf("%s (%s)", s.Name, j.Name), cores: c.Cores}
	if s.Library == "" {
		p.argv = []string{b.self, "-worker", j.program(), settings}
		return p, nil
	}
	python, err := b.python(ctx, s)
	if err != nil {
		return program{}, err
	}
	p.dir = b.programs
	p.argv = []string{python, filepath.Join(b.programs, s.Library+"_"+j.program()+".py"), settings}
	return p, nil
}

// program names the work: jobs that differ in their cases alone share one.
func (j Job) program() string {
	switch j.Name {
	case "langevin-scaling", "sampler":
		return "langevin"
	case "nuts-eight-schools", "nuts-gauss100", "hmc-logistic":
		return "hamiltonian"
	}
	return strings.ReplaceAll(j.Name, "-", "_")
}
