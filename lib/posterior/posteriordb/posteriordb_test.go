package posteriordb

import (
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"gibbs/lib/backend"
)

var full = flag.Bool("posteriordb", false, "sample all seven posteriors at full size, and print the table")

// TestReferencePosteriors holds NUTS to the references:
//
//	go test ./lib/posterior/posteriordb -run TestReferencePosteriors -v -args -posteriordb
//
// Without the flag it samples two of them with fewer draws.
func TestReferencePosteriors(t *testing.T) {
	all := All()
	if !*full {
		all = []Posterior{EightSchools(), Kilpisjarvi()}
	}
	worst, moments := 0.0, 0
	for _, p := range all {
		start := time.Now()
		c := p.Sampling
		c.Seed = 6
		d, err := p.Model.Sample(t.Context(), backend.MustOpen(), c)
		if err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		var text strings.Builder
		for _, c := range p.Compare(d) {
			name := c.Label
			if c.Square {
				name += "²"
			}
			fmt.Fprintf(&text, "  %-10s %13.6g ± %-9.2g reference %13.6g ± %-9.2g z %+5.2f\n",
				name, c.Ours.Value, c.Ours.Error, c.Reference.Value, c.Reference.Error, c.Z())
			worst, moments = max(worst, math.Abs(c.Z())), moments+1
		}
		t.Logf("%s (%.1f s, %d gradients a chain)\n%s%s", p.Name, time.Since(start).Seconds(), d.Gradients, text.String(), d)
		if err := p.Check(d); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d moments, the largest |z| is %.2f", moments, worst)
}
