package env

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func ExampleParam() {
	os.Setenv("GIBBS_PARAM_STEP_SIZE", "0.05")
	defer os.Unsetenv("GIBBS_PARAM_STEP_SIZE")
	fmt.Println(Param("step_size", 0.01), Param("chains", 1000))
	// Output: 0.05 1000
}

// param tells what Param panics with, "" if it returns want.
func param[T bool | int | int64 | float64 | string](t *testing.T, text string, fallback, want T) (said string) {
	t.Helper()
	t.Setenv("GIBBS_PARAM_P", text)
	defer func() {
		if err := recover(); err != nil {
			said = fmt.Sprint(err)
		}
	}()
	if got := Param("p", fallback); got != want {
		t.Errorf("%q: got %v, want %v", text, got, want)
	}
	return ""
}

func TestParamOfEachType(t *testing.T) {
	for _, said := range []string{
		param(t, "", 3, 3), param(t, "-7", 3, -7), param[int64](t, "9007199254740993", 1, 9007199254740993),
		param(t, "2.5e-3", 1.0, 0.0025), param(t, "true", false, true), param(t, "a b", "c", "a b"),
	} {
		if said != "" {
			t.Error(said)
		}
	}
}

// A value that does not parse is refused by name, value and type.
func TestParamRefuses(t *testing.T) {
	for _, c := range []struct{ said, want string }{
		{param(t, "ten", 3, 0), `env: GIBBS_PARAM_P="ten" is no int: give one such as 3, or unset it`},
		{param(t, "1.5", 3, 0), `is no int:`},
		{param(t, "1e400", 0.5, 0), `is no float64: give one such as 0.5`},
		{param(t, "yes", true, false), `is no bool:`},
	} {
		if !strings.Contains(c.said, c.want) {
			t.Errorf("said %q, want %q", c.said, c.want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a name with a hyphen was taken")
		}
	}()
	Param("step-size", 1)
}

func TestParams(t *testing.T) {
	t.Setenv("GIBBS_PARAM_STEPS", "10")
	t.Setenv("GIBBS_PARAM_EMPTY", "")
	t.Setenv("GIBBS_PARAM_NAME", "a=b")
	if got, want := Params(), []string{"name=a=b", "steps=10"}; !slices.Equal(got, want) {
		t.Errorf("Params() = %q, want %q", got, want)
	}
}
