// Command probe opens the backend that notebooks would use and runs one small
// compiled program on it. It is a program of its own so that a plugin that
// crashes takes only the probe with it, and so that the command line need not
// link XLA. It prints one line of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"gibbs/lib/backend"

	"github.com/gomlx/gomlx/core/graph"
)

// report is what the probe prints.
type report struct {
	Backend string  `json:"backend"` // the name of the choice
	Why     string  `json:"why"`
	Sum     float64 `json:"sum"`     // of 1 to 1000, computed on the backend
	Seconds float64 `json:"seconds"` // to open, compile and run
}

func main() {
	if err := probe(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func probe() error {
	start := time.Now()
	choice, err := backend.Choose()
	if err != nil {
		return err
	}
	b, err := backend.Open()
	if err != nil {
		return err
	}
	numbers := make([]float32, 1000)
	for i := range numbers {
		numbers[i] = float32(i + 1)
	}
	sum, err := graph.CallOnce(b, func(x *graph.Node) *graph.Node { return graph.ReduceAllSum(x) }, numbers)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(report{
		Backend: choice.Name, Why: choice.Why,
		Sum: float64(sum.Value().(float32)), Seconds: time.Since(start).Seconds(),
	})
}
