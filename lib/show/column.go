package show

import "fmt"

// Column returns column k of a row-major [rows, columns] array as float64: the
// way from a tensor's flat data to the arguments of a layer.
//
//	samples [n, 2]: p.Scatter(show.Column(samples, 2, 0), show.Column(samples, 2, 1), …)
//
// It panics if k is not a column or the length is not a multiple of columns.
func Column[T float32 | float64 | int32 | int64 | int](flat []T, columns, k int) []float64 {
	if columns < 1 || k < 0 || k >= columns || len(flat)%columns != 0 {
		panic(fmt.Sprintf("show: Column %d of %d in %d values", k, columns, len(flat)))
	}
	out := make([]float64, len(flat)/columns)
	for i := range out {
		out[i] = float64(flat[i*columns+k])
	}
	return out
}

// Rows is the inverse of Column: it lays columns of equal length side by side in
// a row-major [rows, columns] array.
func Rows[T float32 | float64](columns ...[]float64) []T {
	if len(columns) == 0 {
		return nil
	}
	sameLength("Rows", columns...)
	out := make([]T, 0, len(columns)*len(columns[0]))
	for i := range columns[0] {
		for _, column := range columns {
			out = append(out, T(column[i]))
		}
	}
	return out
}

// sameLength panics unless all lists are as long as the first.
func sameLength(layer string, lists ...[]float64) {
	for _, list := range lists[1:] {
		if len(list) != len(lists[0]) {
			panic(fmt.Sprintf("show: %s: %d and %d values; give equally many", layer, len(lists[0]), len(list)))
		}
	}
}
