package show_test

import (
	"fmt"
	"math"

	"gibbs/lib/show"
)

func Example() {
	p := show.NewPlot("x₁", "x₂")
	p.Title = "The modes of the mixture"
	p.Equal = true
	g := show.NewGrid(-5, 5, 81, -3, 3, 49)
	p.HeatMap(g, g.Values(func(x, y float64) float64 {
		return math.Log(math.Exp(-(x-2)*(x-2)/2)+math.Exp(-(x+2)*(x+2)/2)) - y*y/2
	}), "log density")
	p.Scatter([]float64{-1.998651, 1.998651}, []float64{0, 0}, show.Target("modes"))
	show.Figure("Log density of two Gaussians: two bright hills with their modes marked at x₁ = ±2.", p)
	// Output:
	// Figure: Log density of two Gaussians: two bright hills with their modes marked at x₁ = ±2.
}

func ExampleTable() {
	show.Table("Scores on the axis", []string{"point", "learned", "exact"}, [][]any{
		{"(−3, 0)", 0.8691, 0.800217},
		{"(3, 0)", -0.852, -0.800217},
	})
	// Output:
	// Scores on the axis
	// point    learned    exact
	// ───────  ───────  ───────
	// (−3, 0)   0.8691   0.8002
	// (3, 0)    −0.852  −0.8002
}

func ExampleImages() {
	clean := []float32{0, 1, 1, 0 /* second image */, 1, 1, 0, 0}
	show.Images("Two patterns of 2 by 2 pixels: a diagonal and a bar.", show.ImageGrid{
		Columns: []string{"diagonal", "bar"},
		Rows:    []show.ImageRow{{Label: "clean", Width: 2, Height: 2, Pixels: clean}},
	})
	// Output:
	// Figure: Two patterns of 2 by 2 pixels: a diagonal and a bar.
}

func ExampleProgress() {
	report := show.Progress("train")
	for step := 1; step <= 1000; step++ {
		report(step, 1000, 6.71)
	}
	// Output:
	// train: 1000 of 1000 steps, loss 6.71
}

func ExampleColumn() {
	samples := []float32{1, 10, 2, 20, 3, 30} // [3, 2], as a tensor's flat data
	fmt.Println(show.Column(samples, 2, 1))
	fmt.Println(show.Rows[float32](show.Column(samples, 2, 0), show.Column(samples, 2, 1)))
	// Output:
	// [10 20 30]
	// [1 10 2 20 3 30]
}

func ExampleMarkdown() {
	show.Markdown("The floor is $d/σ^2 − I(σ)$ = 6.682.")
	// Output:
	// The floor is $d/σ^2 − I(σ)$ = 6.682.
}
