package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Quantity is an estimate with its standard error. An error of 0 means exact.
type Quantity struct {
	Value float64 `json:"value"`
	Error float64 `json:"error"`
}

// Answer is what a run computed, by the names of its quantities.
type Answer map[string]Quantity

// limit is the largest distance of two estimates that are taken to be of the same
// number, in standard errors of their difference: normal numbers exceed it with
// probability 1e-6.
const limit = 4.89

// distance is |a − b| in standard errors; infinite for two exact numbers that differ.
func distance(a, b Quantity) float64 {
	if a.Value == b.Value {
		return 0
	}
	return math.Abs(a.Value-b.Value) / math.Hypot(a.Error, b.Error)
}

// agree compares two answers quantity by quantity. The error names every quantity
// that differs by more than limit, is missing on one side, or is not a number, and
// says what each side found. The sides draw other random words, so their answers
// agree as estimates do, not digit for digit.
func agree(ours, peer Answer) error {
	names := Answer{}
	maps.Copy(names, ours)
	maps.Copy(names, peer)
	var faults []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, inOurs := ours[name]
		b, inPeer := peer[name]
		switch d := distance(a, b); {
		case !inOurs || !inPeer:
			faults = append(faults, name+" is missing on one side")
		case !(d <= limit):
			faults = append(faults, fmt.Sprintf("%s: %.6g ± %.2g against %.6g ± %.2g, %.1f standard errors apart", name, a.Value, a.Error, b.Value, b.Error, d))
		}
	}
	if len(names) == 0 {
		faults = append(faults, "neither side gave an answer")
	}
	if faults != nil {
		return fmt.Errorf("the answers differ: %s", strings.Join(faults, "; "))
	}
	return nil
}

// agreeWithTruth compares an answer with what is known of it, with an error of 0 where
// that is exact.
func agreeWithTruth(a, truth Answer) error {
	if len(truth) == 0 {
		return nil
	}
	known := Answer{}
	for name := range truth {
		if q, ok := a[name]; ok {
			known[name] = q
		}
	}
	return agree(known, truth)
}
