package data

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

func TestSplit(t *testing.T) {
	set := Glyphs(230, 1) // 23 of each digit
	train, test, err := set.Split(0.2, 7)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 180 || test.Len() != 50 { // round(4.6) = 5 of each digit are held out
		t.Errorf("sizes %d and %d, want 180 and 50", train.Len(), test.Len())
	}
	counts := map[int32]int{}
	for _, label := range test.Labels {
		counts[label]++
	}
	for label, n := range counts {
		if n != 5 {
			t.Errorf("%d examples of %d are held out, want 5", n, label)
		}
	}
	if err := sameExamples(set, train, test); err != "" {
		t.Error(err)
	}
	again, _, _ := set.Split(0.2, 7)
	other, _, _ := set.Split(0.2, 8)
	if !slices.Equal(again.X, train.X) || slices.Equal(other.X, train.X) {
		t.Error("the same seed must divide in the same way, another seed in another")
	}
	for _, share := range []float64{0, 1, -1, math.NaN()} {
		if _, _, err := set.Split(share, 1); err == nil {
			t.Errorf("Split(%g): no error", share)
		}
	}
	// Planted: a split whose parts share an example.
	leaky := test.Subset([]int{0})
	leaky.X, leaky.Labels = append(leaky.X, train.X...), append(leaky.Labels, train.Labels...)
	if sameExamples(set, leaky, test) == "" {
		t.Error("a held-out example in the training part is not caught")
	}
}

// sameExamples says what is wrong if parts do not hold every example of set once.
func sameExamples(set *Set, parts ...*Set) string {
	key := func(s *Set, i int) string {
		text := []byte{byte(s.Labels[i])}
		for _, x := range s.Row(i) {
			text = append(text, byte(x*16))
		}
		return string(text)
	}
	seen := map[string]int{}
	for i := range set.Len() {
		seen[key(set, i)]++
	}
	for _, part := range parts {
		for i := range part.Len() {
			seen[key(part, i)]--
		}
	}
	for _, n := range seen {
		if n != 0 {
			return "the parts do not hold every example once"
		}
	}
	return ""
}

func TestTensorsAreCopies(t *testing.T) {
	set := TwoMoons(3, 0.1, 1)
	x, labels := set.Tensor(), set.LabelTensor()
	if !slices.Equal(x.Shape().Dimensions, []int{3, 2}) || !slices.Equal(labels.Shape().Dimensions, []int{3}) {
		t.Errorf("shapes %s and %s", x.Shape(), labels.Shape())
	}
	want := slices.Clone(set.X)
	set.X[0], set.Labels[0] = 99, 99
	if !slices.Equal(tensors.MustCopyFlatData[float32](x), want) || tensors.MustCopyFlatData[int32](labels)[0] != 0 {
		t.Error("a tensor shares memory with its set")
	}
	if SwissRoll(3, 1).LabelTensor() != nil {
		t.Error("a set without labels has a label tensor")
	}
}

// zScore is the distance of a sample's mean from want in standard errors. Below,
// |z| < 4.892: false alarms 1e-6 for each number.
func zScore(values []float64, want float64) float64 {
	var sum, squares float64
	for _, v := range values {
		sum += v - want
		squares += (v - want) * (v - want)
	}
	n := float64(len(values))
	return sum / n / math.Sqrt((squares/n-sum*sum/n/n)/n)
}

// integral averages f over u uniform on (0, 1) by the midpoint rule, whose error
// for these smooth functions is below 1e-6.
func integral(f func(t float64) float64) float64 {
	const n = 20000
	sum := 0.0
	for i := range n {
		sum += f(1.5 * math.Pi * (1 + 2*(float64(i)+0.5)/n))
	}
	return sum / n
}

func TestSwissRoll(t *testing.T) {
	// The lesson's numbers, from the integral over t. Two of them are printed a
	// little off: E r² 96.2287, which is 39π²/4 = 96.22864, and the length 89.369,
	// which is [t√(1+t²) + asinh t]/2 between the ends = 89.37327.
	meanX, meanY := integral(func(t float64) float64 { return t * math.Cos(t) }), integral(func(t float64) float64 { return t * math.Sin(t) })
	varX := integral(func(t float64) float64 { return math.Pow(t*math.Cos(t)-meanX, 2) })
	varY := integral(func(t float64) float64 { return math.Pow(t*math.Sin(t)-meanY, 2) })
	for _, c := range []struct {
		name                 string
		got, want, tolerance float64
	}{
		{"mean x", meanX, 2, 1e-6}, {"mean y", meanY, 2 / (3 * math.Pi), 1e-6},
		{"E r²", integral(func(t float64) float64 { return t * t }), 39 * math.Pi * math.Pi / 4, 1e-6},
		{"sd x", math.Sqrt(varX), 6.623, 5e-4}, {"sd y", math.Sqrt(varY), 6.951, 5e-4},
		{"length", 3 * math.Pi * integral(func(t float64) float64 { return math.Sqrt(1 + t*t) }), arc(4.5*math.Pi) - arc(1.5*math.Pi), 1e-6}, {"length", arc(4.5*math.Pi) - arc(1.5*math.Pi), 89.37327, 5e-6},
	} {
		if math.Abs(c.got-c.want) > c.tolerance {
			t.Errorf("%s: %.7g, want %.7g", c.name, c.got, c.want)
		}
	}
	// check returns the largest |z| of the sample's moments, ∞ if a point is off the roll.
	check := func(set *Set) (worst float64) {
		columns := [5][]float64{}
		for i := range set.Len() {
			x, y := float64(set.Row(i)[0]), float64(set.Row(i)[1])
			r := math.Hypot(x, y)
			if math.Abs(x-r*math.Cos(r)) > 1e-4 || math.Abs(y-r*math.Sin(r)) > 1e-4 { // float32 holds r to 5e-7, times r
				return math.Inf(1)
			}
			for k, v := range []float64{x, y, r * r, (x - meanX) * (x - meanX), (y - meanY) * (y - meanY)} {
				columns[k] = append(columns[k], v)
			}
		}
		for k, want := range []float64{meanX, meanY, 39 * math.Pi * math.Pi / 4, varX, varY} {
			worst = max(worst, math.Abs(zScore(columns[k], want)))
		}
		return worst
	}
	if z := check(SwissRoll(1<<16, 3)); z > 4.892 {
		t.Errorf("sample moments: |z| = %.1f", z)
	}
	// Planted: t uniform in length of arc instead of in u (density ∝ t).
	wrong := SwissRoll(1<<16, 3)
	for i := range wrong.Len() {
		r := math.Sqrt(math.Pow(1.5*math.Pi, 2) * (1 + 8*float64(i)/(1<<16)))
		wrong.X[2*i], wrong.X[2*i+1] = float32(r*math.Cos(r)), float32(r*math.Sin(r))
	}
	if z := check(wrong); z <= 4.892 {
		t.Errorf("a roll uniform in length is not caught: |z| = %.1f", z)
	}
}

// arc is the length of the spiral (t cos t, t sin t) from its centre.
func arc(t float64) float64 { return (t*math.Sqrt(1+t*t) + math.Asinh(t)) / 2 }

func TestTwoMoons(t *testing.T) {
	const n, sigma = 1 << 15, 0.1
	set := TwoMoons(n, sigma, 4)
	var upperX, upperY, lowerX, lowerY, off []float64
	for i, label := range set.Labels {
		x, y := float64(set.Row(i)[0]), float64(set.Row(i)[1])
		if label == 0 {
			upperX, upperY = append(upperX, x), append(upperY, y)
		} else {
			lowerX, lowerY = append(lowerX, x), append(lowerY, y)
			x, y = 1-x, 0.5-y
		}
		// E r² = 1 + 2σ² around each circle's centre.
		off = append(off, x*x+y*y)
	}
	for name, z := range map[string]float64{
		"upper x": zScore(upperX, 0), "upper y": zScore(upperY, 2/math.Pi),
		"lower x": zScore(lowerX, 1), "lower y": zScore(lowerY, 0.5-2/math.Pi), "radius": zScore(off, 1+2*sigma*sigma),
	} {
		if !(math.Abs(z) < 4.892) {
			t.Errorf("%s: z = %.1f", name, z)
		}
	}
}

func TestGlyphs(t *testing.T) {
	set := Glyphs(2000, 5)
	if set.Len() != 2000 || set.Dim() != 64 {
		t.Fatalf("%d glyphs of %d pixels", set.Len(), set.Dim())
	}
	for i, x := range set.X {
		if x < 0 || x > 1 || x*16 != float32(math.Trunc(float64(x*16))) {
			t.Fatalf("pixel %d is %g: want a sixteenth from 0 to 1", i, x)
		}
	}
	// They are digits that can be told apart: the mean glyph of each label, from
	// one half, names at least 9 of 10 in the other half.
	half, rest := set.Subset(indices(0, 1000)), set.Subset(indices(1000, 2000))
	if right := nearestMean(half, rest); right < 0.9 {
		t.Errorf("nearest mean names %.3f of the glyphs", right)
	}
	// Planted: labels that do not belong to the pictures.
	slices.Reverse(half.Labels)
	if right := nearestMean(half, rest); right > 0.5 {
		t.Errorf("wrong labels are not noticed: %.3f", right)
	}
	if !slices.Equal(Glyphs(20, 5).X[:640], Glyphs(20, 5).X[:640]) || slices.Equal(Glyphs(20, 5).X, Glyphs(20, 6).X) {
		t.Error("the same seed must draw the same glyphs, another seed others")
	}
}

func indices(from, to int) []int {
	var all []int
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

// nearestMean is the share of test examples whose nearest class mean of train has their label.
func nearestMean(train, test *Set) float64 {
	means, counts := map[int32][]float64{}, map[int32]float64{}
	for i, label := range train.Labels {
		if means[label] == nil {
			means[label] = make([]float64, train.Dim())
		}
		counts[label]++
		for k, x := range train.Row(i) {
			means[label][k] += float64(x)
		}
	}
	right := 0
	for i, label := range test.Labels {
		best, nearest := int32(-1), math.Inf(1)
		for candidate, mean := range means {
			d := 0.0
			for k, x := range test.Row(i) {
				d += math.Pow(float64(x)-mean[k]/counts[candidate], 2)
			}
			if d < nearest {
				best, nearest = candidate, d
			}
		}
		if best == label {
			right++
		}
	}
	return float64(right) / float64(test.Len())
}
