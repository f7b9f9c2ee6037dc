package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	"gibbs/kernels/child"
)

// cell times changed cells of our kernel and of stock GoNB, through the doctor,
// which runs them in turn and checks what each prints.
func cell(ctx context.Context, b *bench) ([]Series, error) {
	said, err := child.Command{Dir: b.root, Name: "go", Args: []string{
		"run", "./kernels", "doctor", "--latency", "stock", "--cells", strconv.Itoa(b.runs)}}.Output(ctx)
	if err != nil {
		return nil, fmt.Errorf("bench: cell: `go run ./kernels setup` brings what it needs: %w", err)
	}
	return parseDoctor(said)
}

// What the doctor says of its timed cells: the median, and the least and the most.
var (
	ownCells   = regexp.MustCompile(`cell latency +([\d.]+) s, .*\(([\d.]+) to ([\d.]+)\)`)
	stockCells = regexp.MustCompile(`stock GoNB +([\d.]+) s \(([\d.]+) to ([\d.]+)\)`)
)

// parseDoctor reads the two lines. It has no times of single cells, so each series
// holds median, least and most in their place, and its ratio is of the medians.
func parseDoctor(said string) ([]Series, error) {
	series := []Series{{Side: "ours"}, {Side: "stock GoNB"}}
	for i, line := range []*regexp.Regexp{ownCells, stockCells} {
		found := line.FindStringSubmatch(said)
		if found == nil {
			return nil, fmt.Errorf("bench: cell: the doctor did not say %q:\n%s", line, said)
		}
		spread := &Spread{}
		for k, to := range []*float64{&spread.Median, &spread.Least, &spread.Most} {
			var err error
			if *to, err = strconv.ParseFloat(found[k+1], 64); err != nil {
				return nil, fmt.Errorf("bench: cell: %w", err)
			}
		}
		series[i].Spread = spread
	}
	return series, nil
}
