package mcmc

import "gibbs/lib/diag"

// Traces returns the draws of the first coordinates, one for each name, and what is
// known of their transitions: for [diag.Traces.Report] and the panels of package show.
// The greatest depth is left at its default; set MaxDepth if [NUTS] had another.
func (d *Draws) Traces(names ...string) diag.Traces {
	t := diag.Traces{Names: names, Divergent: d.Divergent, Depth: d.Depth, Energy: d.Energy}
	for i := range names {
		t.Draws = append(t.Draws, d.Coordinate(i))
	}
	return t
}
