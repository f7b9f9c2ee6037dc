// Package hopfield stores patterns in the minima of an energy and recalls them by
// going downhill: the four associative memories of the lecture.
//
//	Network   classical: ±1 units, E = −½xᵀWx − bᵀx, on the host (Hebb, Storkey, pseudo-inverse)
//	Dense     ±1 units, E = −Σ F(ξ·x) with F a power or the exponential
//	Modern    states in ℝᵈ, E = −(1/β) log Σ e^{βξ·x} + ½‖x‖² + const: one step is one attention read
//	Curve     a function ξ(t) of time instead of a list of patterns: Modern with an integral for the sum
//
// Dense and Modern are pieces of a graph: a batch of queries x [batch, dim] against
// patterns [patterns, dim]. [Memory] is Modern behind two verbs, store and retrieve.
//
// [Trial] measures how many patterns Hebb's rule can hold, bit-packed and on all
// cores; [AGSCapacity], [BitError], [Capacity], [Basin] and their like say what it
// and the others must come to.
package hopfield
