package hopfield_test

import (
	"runtime"
	"testing"

	"gibbs/lib/hopfield"

	"gonum.org/v1/gonum/stat"
)

// TestTrialWrongBits compares one update with the exact binomial. It sees 7 % of the
// rate at N = 100, and so ties that turn units, which are 19 %.
func TestTrialWrongBits(t *testing.T) {
	for _, size := range [][2]int{{100, 14}, {101, 20}} {
		got, err := hopfield.Trial{Units: size[0], Patterns: size[1], Matrices: 4000, Seed: 1}.WrongBits()
		if err != nil {
			t.Fatal(err)
		}
		want, _ := hopfield.BitErrorExact(size[0], size[1])
		statistic(t, "wrong bits", got.Value, got.Error, want)
	}
}

// TestTrialErrors compares the standard errors that trials state with the scatter of
// their means over eighty seeds, which is known to 8 %: errors 1.4 times too small or
// 1.7 times too large show.
func TestTrialErrors(t *testing.T) {
	var bits, overlaps, bitsError, overlapsError []float64
	for seed := range int64(80) {
		trial := hopfield.Trial{Units: 64, Patterns: 12, Starts: 2, Matrices: 30, Seed: seed}
		wrong, err := trial.WrongBits()
		if err != nil {
			t.Fatal(err)
		}
		outcome, err := trial.Recall()
		if err != nil {
			t.Fatal(err)
		}
		bits, bitsError = append(bits, wrong.Value), append(bitsError, wrong.Error)
		overlaps, overlapsError = append(overlaps, outcome.Overlap.Value), append(overlapsError, outcome.Overlap.Error)
	}
	within(t, "scatter of wrong bits over the error stated", stat.StdDev(bits, nil)/stat.Mean(bitsError, nil), 1, .39)
	within(t, "scatter of overlaps over the error stated", stat.StdDev(overlaps, nil)/stat.Mean(overlapsError, nil), 1, .39)
}

// TestTrialRecall compares with the lecture's table, which is a simulation too: both
// errors count. It also says that results do not depend on the cores.
func TestTrialRecall(t *testing.T) {
	for _, row := range []struct {
		units, patterns, flips int
		overlap, se            float64
	}{
		{100, 15, 0, .9679, .0029}, {100, 20, 0, .8586, .0060}, {100, 12, 0, .9883, .0015},
		{500, 50, 150, .849, .029}, {500, 10, 200, .971, .011},
	} {
		matrices := 100
		if row.units == 500 {
			matrices = 24
		}
		trial := hopfield.Trial{Units: row.units, Patterns: row.patterns, Flips: row.flips, Matrices: matrices, Seed: 2}
		got, err := trial.Recall()
		if err != nil {
			t.Fatal(err)
		}
		statistic(t, "overlap", got.Overlap.Value, got.Overlap.Error+row.se, row.overlap)
	}
	trial := hopfield.Trial{Units: 60, Patterns: 9, Flips: 6, Matrices: 9, Seed: 3}
	many, err := trial.Recall()
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if one, err := trial.Recall(); err != nil || one != many {
		t.Errorf("on one core %+v, on several %+v, %v", one, many, err)
	}
}
