package ckpt_test

import (
	"fmt"
	"os"

	"gibbs/lib/ckpt"

	"github.com/gomlx/gomlx/core/tensors"
)

func Example() {
	home, err := os.MkdirTemp("", "ckpt")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(home)

	dir, err := ckpt.Open(home, ckpt.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dir.Close()
	_, err = dir.Latest()
	fmt.Println("before:", err != nil)

	for step := int64(100); step <= 300; step += 100 {
		err := dir.Save(&ckpt.Snapshot{
			Step:    step,
			Tensors: map[string]*tensors.Tensor{"/dense/weights": tensors.FromValue([]float32{float32(step), 0.5})},
			Meta:    map[string]string{"seed": "7"},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	s, err := ckpt.Load(home) // another process may do this at any time
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("after:", s.Step, s.Tensors["/dense/weights"].Value(), s.Meta)
	// Output:
	// before: true
	// after: 300 [300 0.5] map[seed:7]
}

func ExampleKey() {
	type settings struct {
		StepSize float64
		Hidden   []int
	}
	a, _ := ckpt.Key("denoise", settings{0.001, []int{64, 64}}, int64(7))
	b, _ := ckpt.Key("denoise", settings{0.001, []int{64, 65}}, int64(7))
	fmt.Println(len(a), a == b)
	_, err := ckpt.Key("denoise", struct{ Activation func() }{func() {}})
	fmt.Println(err)
	// Output:
	// 64 false
	// ckpt: key: part 2.Activation: a func has no value to compare; give a name instead
}
