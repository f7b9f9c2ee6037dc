// Package data holds the data sets of the lessons: point sets drawn from a seed,
// handwritten digits, and MNIST where the user has it. Files are checked by size
// and SHA-256 whenever they are read. Nothing is downloaded but by
// [DownloadMNIST], which the user calls.
package data

import (
	"fmt"
	"math"
	"slices"

	"gibbs/lib/rng"

	"github.com/gomlx/gomlx/core/tensors"
)

// Set is a set of examples in memory. Methods do not change it; the sets that
// they return have memory of their own.
type Set struct {
	X      []float32 // [examples · dim], one example after the other
	Labels []int32   // [examples], or nil if the examples have none
	Shape  []int     // axes of one example: {2} for points of the plane, {rows, columns} for images; nil for numbers
}

// Len is the number of examples.
func (s *Set) Len() int { return len(s.X) / s.Dim() }

// Dim is the length of one flat example, the product of Shape.
func (s *Set) Dim() int {
	dim := 1
	for _, n := range s.Shape {
		dim *= n
	}
	return dim
}

// Row is the flat example i, a view of X.
func (s *Set) Row(i int) []float32 { return s.X[i*s.Dim() : (i+1)*s.Dim()] }

// Tensor returns a copy of the examples, float32 [examples, dim].
func (s *Set) Tensor() *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(slices.Clone(s.X), s.Len(), s.Dim())
}

// LabelTensor returns a copy of the labels, int32 [examples], or nil if there are none.
func (s *Set) LabelTensor() *tensors.Tensor {
	if s.Labels == nil {
		return nil
	}
	return tensors.FromFlatDataAndDimensions(slices.Clone(s.Labels), s.Len())
}

// Subset returns the examples of the given indices, in their order. It panics on
// an index outside the set.
func (s *Set) Subset(indices []int) *Set {
	sub := &Set{Shape: slices.Clone(s.Shape)}
	for _, i := range indices {
		sub.X = append(sub.X, s.Row(i)...)
		if s.Labels != nil {
			sub.Labels = append(sub.Labels, s.Labels[i])
		}
	}
	return sub
}

// Split divides the set at random into two parts that have every example once:
// heldOut, between 0 and 1, is the share of the second part. Each label is divided
// in that proportion (rounded), so both parts have the labels' frequencies;
// examples stay in their order. The same seed divides in the same way.
func (s *Set) Split(heldOut float64, seed int64) (train, test *Set, err error) {
	if !(heldOut > 0 && heldOut < 1) {
		return nil, nil, fmt.Errorf("data: Split: heldOut must lie between 0 and 1, got %g", heldOut)
	}
	byLabel := map[int32][]int{}
	for i := range s.Len() {
		label := int32(0)
		if s.Labels != nil {
			label = s.Labels[i]
		}
		byLabel[label] = append(byLabel[label], i)
	}
	var kept, held []int
	for label, indices := range byLabel {
		n := int(math.Round(heldOut * float64(len(indices))))
		for k, j := range rng.NewHost(seed).Fold(int64(label)).Perm(len(indices)) {
			if k < n {
				held = append(held, indices[j])
			} else {
				kept = append(kept, indices[j])
			}
		}
	}
	slices.Sort(kept)
	slices.Sort(held)
	return s.Subset(kept), s.Subset(held), nil
}
