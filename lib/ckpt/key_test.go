package ckpt

import (
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unsafe"

	"github.com/gomlx/gomlx/core/tensors"
	"pgregory.net/rapid"
)

type (
	adam struct {
		StepSize float64
		beta     float64
	}
	sgd struct {
		StepSize float64
		beta     float64
	}
	mode int
	plan struct {
		Optimizer any
		Hidden    []int
		Labels    map[string]float32
		Next      *plan
		OnStep    func()
	}
)

// Parts that look alike and are not: every pair must have different keys.
func TestKeysDiffer(t *testing.T) {
	one, two := 1, 2
	different := [][]any{
		{}, {nil}, {nil, nil}, {""}, {"", ""}, {"a", "b"}, {"ab"}, {"a", "", "b"}, {[]string{"a", "b"}}, {[]string{"ab"}}, {[2]string{"a", "b"}},
		{1}, {int32(1)}, {int64(1)}, {uint(1)}, {1.0}, {float32(1)}, {true}, {"1"}, {mode(1)}, {1 + 0i}, {complex64(1)}, {'1'}, {2},
		{0.0}, {math.Copysign(0, -1)}, {math.Inf(1)}, {math.Inf(-1)}, {math.Nextafter(1, 2)}, {false}, {0},
		{[]byte("ab")}, {[]byte(nil)}, {[]byte{}}, {[]int{}}, {[]int(nil)}, {[]int{1}}, {[]int{1, 0}}, {[]int64{1}}, {[]any{1}}, {[]any{int64(1)}},
		{&one}, {&two}, {(*int)(nil)}, {map[string]int{}}, {map[string]int(nil)}, {map[string]int{"a": 1}}, {map[string]int{"a": 1, "b": 1}}, {map[string]int{"b": 1}},
		{adam{1, 2}}, {adam{2, 1}}, {adam{1, 3}}, {sgd{1, 2}}, {&adam{1, 2}}, {struct{ StepSize, beta float64 }{1, 2}},
		{plan{Optimizer: adam{1, 2}}}, {plan{Optimizer: sgd{1, 2}}}, {plan{Optimizer: &sgd{1, 2}}}, {plan{}}, {plan{Hidden: []int{}}},
		{plan{Labels: map[string]float32{"a": 1}}}, {plan{Next: &plan{}}}, {plan{Next: &plan{Next: &plan{}}}},
		{tensors.FromValue([]float32{1, 2})}, {tensors.FromValue([]float32{2, 1})}, {tensors.FromValue([][]float32{{1, 2}})}, {tensors.FromValue([]int32{1, 2})}, {[]float32{1, 2}},
	}
	seen := map[string]int{}
	for i, parts := range different {
		key, err := Key(parts...)
		if err != nil {
			t.Fatalf("%v: %v", parts, err)
		}
		if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(key) {
			t.Fatalf("%v: key %q", parts, key)
		}
		if j, twice := seen[key]; twice {
			t.Errorf("%#v and %#v have one key", different[j], parts)
		}
		seen[key] = i
	}
}

// The key of a fixed value must not change between versions of the package, or
// every artefact would be made again.
func TestKeyIsStable(t *testing.T) {
	key, err := Key("denoise", int64(7), map[string]float64{"sigma": 0.5, "steps": 1000}, []byte{1, 2})
	const want = "b8849895875d8a7d792122c0b532ea227f513b233b409c29b7e7db391204cd07"
	if err != nil || key != want {
		t.Errorf("Key = %s, %v; want %s", key, err, want)
	}
}

// Two declarations of one struct, the second as an edit of the first might leave it.
func TestFieldOrderDoesNotMatter(t *testing.T) {
	a, errA := Key(reordered1())
	b, errB := Key(reordered2())
	if errA != nil || errB != nil || a != b {
		t.Errorf("%s, %v and %s, %v", a, errA, b, errB)
	}
}

func reordered1() any {
	type settings struct {
		StepSize float64
		Hidden   []int
	}
	return settings{0.5, []int{1}}
}

func reordered2() any {
	type settings struct {
		Hidden   []int
		StepSize float64
	}
	return settings{[]int{1}, 0.5}
}

// Key(a) = Key(b) exactly when a and b are deeply equal, on random values.
func TestKeyIsDeepEquality(t *testing.T) {
	number := rapid.IntRange(0, 1)
	value := rapid.Custom(func(t *rapid.T) plan {
		m := plan{Hidden: rapid.SliceOfN(number, -1, 2).Draw(t, "hidden")}
		if rapid.Bool().Draw(t, "labels") {
			m.Labels = rapid.MapOfN(rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 1, -1), rapid.Just(float32(1)), -1, 2).Draw(t, "map")
		}
		switch number.Draw(t, "optimizer") {
		case 0:
			m.Optimizer = adam{float64(number.Draw(t, "eta")), 0}
		case 1:
			m.Optimizer = sgd{float64(number.Draw(t, "eta")), 0}
		}
		return m
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := value.Draw(t, "a"), value.Draw(t, "b")
		keyA, errA := Key(a)
		keyB, errB := Key(b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if (keyA == keyB) != reflect.DeepEqual(a, b) {
			t.Fatalf("%+v and %+v: keys %s and %s", a, b, keyA, keyB)
		}
	})
}

func TestKeyRefuses(t *testing.T) {
	cycle := &plan{}
	cycle.Next = cycle
	list := []any{nil}
	list[0] = list
	x := 1
	for want, part := range map[string]any{
		"part 2: NaN":             math.NaN(),
		"part 2[1]: NaN":          []float32{1, float32(math.NaN())},
		"part 2.StepSize: NaN":    adam{StepSize: math.NaN()},
		"part 2.beta: NaN":        adam{beta: math.NaN()},
		"part 2[k]: NaN":          map[string]float64{"k": math.NaN()},
		"part 2[NaN]: NaN":        map[float64]int{math.NaN(): 1},
		"part 2: NaN equals":      complex(0, math.NaN()),
		"part 2.OnStep: a func":   plan{OnStep: func() {}},
		"part 2: a chan":          make(chan int),
		"part 2: a unsafe":        unsafe.Pointer(&x),
		"part 2.Next: the value":  cycle,
		"part 2[0]: the value":    list,
		"part 2: the tensor has ": finalized(),
	} {
		if _, err := Key("a", part); err == nil || !strings.HasPrefix(err.Error(), "ckpt: key: "+want) {
			t.Errorf("%T: %v, want …%s…", part, err, want)
		}
	}
}

func finalized() *tensors.Tensor {
	t := tensors.FromScalar(1.0)
	t.MustFinalizeAll()
	return t
}
