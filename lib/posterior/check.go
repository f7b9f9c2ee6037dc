package posterior

import (
	"fmt"
	"math"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/support/exceptions"
)

// check builds the model once, and says what is wrong with it before anything is sampled.
func (m Model) check(b compute.Backend) (err error) {
	if len(m.Parameters) == 0 || m.Joint == nil {
		return fmt.Errorf("posterior: a Model needs Parameters, of which there are %d, and a Joint", len(m.Parameters))
	}
	failure := exceptions.TryCatch[error](func() {
		x := Parameter(NewGraph(b, "posterior"), "x", shapes.Make(dtypes.Float64, 2, m.Dim()))
		at, _ := m.build(x)
		for i, p := range m.Parameters {
			if !at.asked[p] && p.endless() {
				err = fmt.Errorf("posterior: Joint never asks for the parameter %q: its law would be flat and endless. Give it a prior, or take it off Parameters", m.labels()[i])
				return
			}
		}
		for i, q := range m.Derived {
			if v := at.Of(q); v.Rank() == 0 || v.Shape().Dim(0) != 2 {
				err = fmt.Errorf("posterior: the derived quantity %q is %s, want [chains, …] (of 2 chains)", m.labels()[len(m.Parameters)+i], v.Shape())
				return
			}
		}
	})
	if failure != nil {
		return fmt.Errorf("posterior: building the model: %w", failure)
	}
	if err != nil {
		return err
	}
	return m.checkLabels()
}

// checkLabels says which labels would not tell columns apart.
func (m Model) checkLabels() error {
	seen := map[string]bool{}
	for _, label := range m.labels() {
		if seen[label] {
			return fmt.Errorf("posterior: two parameters or derived quantities are called %q: labels tell columns apart", label)
		}
		if strings.ContainsAny(label, ".,[]\"\n") {
			return fmt.Errorf("posterior: the label %q: files keep labels as they are only without . , [ ] and quotes", label)
		}
		seen[label] = true
	}
	return nil
}

// endless reports whether the range of the parameter is.
func (p *Param) endless() bool {
	switch b := p.bijection.(type) {
	case interval:
		return math.IsInf(b.low, 0) || math.IsInf(b.high, 0)
	case ordered:
		return true
	}
	return false
}
