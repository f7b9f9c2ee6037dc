package data_test

import (
	"fmt"
	"strings"

	"gibbs/lib/data"
)

// A digit in 8×8 pixels, and a split that keeps the labels' frequencies.
func ExampleGlyphs() {
	set := data.Glyphs(100, 1)
	for row := range 8 {
		for _, ink := range set.Row(2)[8*row : 8*row+8] {
			fmt.Print(string("-.+#"[int(3*ink)]))
		}
		fmt.Println()
	}
	train, test, _ := set.Split(0.2, 1)
	fmt.Println(set.Labels[2], train.Len(), test.Tensor().Shape())
	// Output:
	// --------
	// --+##+--
	// -+.--+.-
	// -----+.-
	// ----++--
	// --.++---
	// -.#+----
	// -++###.-
	// 2 80 (Float32)[20, 64]
}

func ExampleSwissRoll() {
	roll := data.SwissRoll(1000, 42)
	fmt.Printf("%v %.3f\n", roll.Tensor().Shape(), roll.Row(0))
	// Output: (Float32)[1000, 2] [12.179 4.262]
}

func ExampleTwoMoons() {
	moons := data.TwoMoons(4, 0, 1)
	for i, label := range moons.Labels {
		fmt.Printf("%d %.3f\n", label, moons.Row(i))
	}
	// Output:
	// 0 [-0.598 0.802]
	// 1 [0.016 0.320]
	// 0 [0.999 0.032]
	// 1 [1.974 0.271]
}

// An array of two rows and three columns.
func ExampleReadIDX() {
	dims, values, err := data.ReadIDX(strings.NewReader("\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x03abcdef"), 1<<20)
	fmt.Println(dims, string(values), err)
	_, _, err = data.ReadIDX(strings.NewReader("<html>404</html>"), 1<<20)
	fmt.Println(err)
	// Output:
	// [2 3] abcdef <nil>
	// data: IDX: starts with 3c68746d: want 000008 (unsigned bytes) and 1 to 4 axes
}
