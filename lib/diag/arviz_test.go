package diag

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gibbs/lib/env"
)

// arvizCase is an entry of testdata/arviz.json; nil is NaN.
type arvizCase struct {
	Name   string              `json:"name"`
	Chains [][]*float64        `json:"chains"`
	ArviZ  map[string]*float64 `json:"arviz"`
}

func (c arvizCase) chains() [][]float64 {
	out := make([][]float64, len(c.Chains))
	for i, chain := range c.Chains {
		for _, x := range chain {
			out[i] = append(out[i], orNaN(x))
		}
	}
	return out
}

func orNaN(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// diagnostics are those that ArviZ has too, by the names that testdata/with_arviz.py
// gives them.
var diagnostics = map[string]func(chains [][]float64) float64{
	"RHat":              RHat,
	"RHatBulk":          RHatBulk,
	"RHatFolded":        RHatFolded,
	"ESSBulk":           ESSBulk,
	"ESSTail":           ESSTail,
	"ESSMean":           ESSMean,
	"ESSSD":             ESSSD,
	"MCSEMean":          MCSEMean,
	"MCSESD":            MCSESD,
	"Autocorrelation1":  meanAutocorrelation,
	"Quantile 0.05":     func(chains [][]float64) float64 { return Summarize(chains).Q5 },
	"Quantile 0.5":      func(chains [][]float64) float64 { return Summarize(chains).Median },
	"Quantile 0.95":     func(chains [][]float64) float64 { return Summarize(chains).Q95 },
	"ESSQuantile 0.05":  quantileAt(ESSQuantile, 0.05),
	"ESSQuantile 0.5":   quantileAt(ESSQuantile, 0.5),
	"ESSQuantile 0.95":  quantileAt(ESSQuantile, 0.95),
	"MCSEQuantile 0.05": quantileAt(MCSEQuantile, 0.05),
	"MCSEQuantile 0.5":  quantileAt(MCSEQuantile, 0.5),
	"MCSEQuantile 0.95": quantileAt(MCSEQuantile, 0.95),
}

// others take the draws for something else: energies, or log weights.
var others = map[string]func(chains [][]float64) float64{
	"EBFMI":       leastEBFMI,
	"ParetoK":     paretoAt(1),
	"ParetoK 0.3": paretoAt(0.3),
}

// meanAutocorrelation is the mean over the chains of ρ₁.
func meanAutocorrelation(chains [][]float64) float64 {
	sum := 0.0
	for _, chain := range chains {
		sum += Autocorrelation(chain)[1]
	}
	return sum / float64(len(chains))
}

// leastEBFMI takes the chains for energies.
func leastEBFMI(chains [][]float64) float64 {
	least := math.Inf(1)
	for _, chain := range chains {
		least = min(least, EBFMI(chain))
	}
	return least
}

// paretoAt takes the draws for log weights.
func paretoAt(efficiency float64) func([][]float64) float64 {
	return func(chains [][]float64) float64 { return ParetoK(slices.Concat(chains...), efficiency) }
}

func quantileAt(f func([][]float64, float64) float64, p float64) func([][]float64) float64 {
	return func(chains [][]float64) float64 { return f(chains, p) }
}

// unavailable reports whether a diagnostic is NaN here by rule, whatever ArviZ
// says: of chains of which one is constant or not finite, and of a quantile that
// has all draws of the halves on one side.
func (c arvizCase) unavailable(name string) bool {
	kind, p, _ := strings.Cut(name, " ")
	switch {
	case kind == "Quantile", kind == "ParetoK":
		return false
	case slices.ContainsFunc(c.chains(), func(chain []float64) bool { return !(slices.Min(chain) < slices.Max(chain)) }):
		return true
	case kind == "ESSTail":
		return c.oneSided("0.05") || c.oneSided("0.95")
	}
	return p != "" && c.oneSided(p)
}

// oneSided reports whether all draws of the halves lie on one side of a quantile.
func (c arvizCase) oneSided(p string) bool {
	quantile := orNaN(c.ArviZ["Quantile "+p])
	above, n := 0, 0
	for _, chain := range c.chains() {
		if middle := len(chain) / 2; len(chain)%2 == 1 {
			chain = slices.Delete(chain, middle, middle+1)
		}
		for _, x := range chain {
			n++
			if x > quantile {
				above++
			}
		}
	}
	return above == 0 || above == n
}

// againstArviZ compares every diagnostic of every case and returns the faults. The
// tolerance is 1e-8 of the value. It is for both sides the sum of a few hundred
// float64 terms, so any other formula or convention shows.
func againstArviZ(cases []arvizCase, ours map[string]func([][]float64) float64) error {
	var faults []error
	for _, c := range cases {
		chains := c.chains()
		for name, f := range ours {
			want := orNaN(c.ArviZ[name])
			if c.unavailable(name) {
				want = math.NaN()
			}
			got := f(chains)
			if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 1e-8*math.Abs(want) {
				faults = append(faults, fmt.Errorf("%s: %s is %.12g, ArviZ has %.12g", c.Name, name, got, want))
			}
		}
	}
	return errors.Join(faults...)
}

func storedCases(t *testing.T) []arvizCase {
	t.Helper()
	text, err := os.ReadFile("testdata/arviz.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []arvizCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 100 {
		t.Fatalf("%d stored cases", len(cases))
	}
	return cases
}

// TestEqualToArviZ compares with the values of ArviZ that lie beside the chains.
func TestEqualToArviZ(t *testing.T) {
	for _, ours := range []map[string]func([][]float64) float64{diagnostics, others} {
		if err := againstArviZ(storedCases(t), ours); err != nil {
			t.Error(err)
		}
	}
}

// TestEqualToArviZLive has ArviZ compute the values again, where it is installed:
// by the Python that GIBBS_ARVIZ names, else by arviz/bin/python in the folder for
// generated files. testdata/with_arviz.py says how to install it.
func TestEqualToArviZLive(t *testing.T) {
	if testing.Short() {
		t.Skip("a short run leaves ArviZ alone")
	}
	python := os.Getenv("GIBBS_ARVIZ")
	if python == "" {
		home, err := env.Home()
		if err != nil {
			t.Fatal(err)
		}
		python = filepath.Join(home, "arviz", "bin", "python")
		if _, err := os.Stat(python); err != nil {
			t.Skipf("ArviZ is not installed: no %s, and GIBBS_ARVIZ names no Python; see testdata/with_arviz.py", python)
		}
	}
	given, err := os.ReadFile("testdata/arviz.json")
	if err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	command := exec.CommandContext(t.Context(), python, "testdata/with_arviz.py", "values")
	command.Stdin, command.Stderr = bytes.NewReader(given), &complaints
	text, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", command, err, complaints.String())
	}
	var cases []arvizCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, ours := range []map[string]func([][]float64) float64{diagnostics, others} {
		if err := againstArviZ(cases, ours); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d cases agree", len(cases))
}
