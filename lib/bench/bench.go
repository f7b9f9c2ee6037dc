package main

import (
	"context"
	"fmt"
	"io"
	"maps"
)

// bench is one call of the command.
type bench struct {
	options
	root, home string // of the repository and of .gibbs
	self       string // this program
	programs   string // the peers' programs, unpacked
	out        io.Writer
}

// Series is what one side did at one case.
type Series struct {
	Case    string    `json:"case,omitempty"`
	Side    string    `json:"side"`
	Hello             // versions, threads, the first call
	Seconds []float64 `json:"seconds,omitempty"` // of each timed run
	Spread  *Spread   `json:"spread,omitempty"`  // of the runs, where single ones are not known
	Answer  Answer    `json:"answer,omitempty"`  // of the run that was compared
}

// python returns the interpreter of a peer's environment.
func (b *bench) python(ctx context.Context, s Side) (string, error) {
	e := common
	if s.Library == torch.Library {
		e = pytorch
	}
	return e.ensure(ctx, b.home, b.out)
}

// measure runs a job. With an error it returns the series of the cases before it.
func (b *bench) measure(ctx context.Context, j Job) ([]Series, error) {
	if j.Measure != nil {
		return j.Measure(ctx, b)
	}
	var all []Series
	for _, c := range j.Cases {
		series, err := b.alternate(ctx, j, c)
		if err != nil {
			if c.Name != "" {
				err = fmt.Errorf("%s: %w", c.Name, err)
			}
			return all, err
		}
		all = append(all, series...)
	}
	return all, nil
}

// alternate starts all sides of a case, checks that their answers agree, and then
// times them in turn: ours, peer, …, ours, peer, …
func (b *bench) alternate(ctx context.Context, j Job, c Case) ([]Series, error) {
	var sides []*worker
	defer func() {
		for _, w := range sides {
			_ = w.close()
		}
	}()
	var series []Series
	for _, s := range j.Sides {
		if !b.wants(s) {
			continue
		}
		p, err := b.program(ctx, j, s, c)
		if err != nil {
			return nil, err
		}
		w, err := p.start(ctx)
		if err != nil {
			return nil, err
		}
		sides = append(sides, w)
		checked, err := c.run(w, 1)
		if err != nil {
			return nil, err
		}
		series = append(series, Series{Case: c.Name, Side: s.Name, Hello: w.Hello, Answer: checked.Answer})
	}
	if err := checkAnswers(series, c.truth(j)); err != nil {
		return nil, err
	}
	for i := range b.runs {
		for k, w := range sides {
			r, err := c.run(w, 2+i)
			if err != nil {
				return nil, err
			}
			series[k].Seconds = append(series[k].Seconds, r.Seconds)
		}
	}
	return series, nil
}

// run has a side do a case once, and judges the draws that it leaves.
func (c Case) run(w *worker, seed int) (r Run, err error) {
	if r, err = w.run(seed); err == nil && c.Effective != nil {
		if r.Draws == nil {
			return r, fmt.Errorf("bench: %s left no draws", w.name)
		}
		err = c.Effective.judge(&r)
	}
	return r, err
}

// truth is what is known of the answer of a case.
func (c Case) truth(j Job) Answer {
	truth := Answer{}
	for name, value := range j.Exact {
		truth[name] = Quantity{Value: value}
	}
	if c.Effective != nil {
		maps.Copy(truth, c.Effective.Reference)
	}
	return truth
}

// checkAnswers compares the answer of every side with the truth, as far as it is
// known, and with the first side's.
func checkAnswers(series []Series, truth Answer) error {
	for _, s := range series {
		if err := agreeWithTruth(s.Answer, truth); err != nil {
			return fmt.Errorf("%s against what is known: %w", s.Side, err)
		}
		if err := agree(series[0].Answer, s.Answer); err != nil {
			return fmt.Errorf("%s against %s: %w", series[0].Side, s.Side, err)
		}
	}
	return nil
}
