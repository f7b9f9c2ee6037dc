package env

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ParamPrefix begins the variables that hold parameters: the rest of the name is
// the parameter's, in capitals.
const ParamPrefix = "GIBBS_PARAM_"

// ParamName is how a parameter may be called.
var ParamName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// ParamVariable returns the variable that holds a parameter: GIBBS_PARAM_SEED
// for "seed".
func ParamVariable(name string) string { return ParamPrefix + strings.ToUpper(name) }

// Param returns the value of a lesson's parameter: that of its variable if this
// is set and not empty, else fallback, the value for which the lesson makes its
// claims. So a lesson says what may be varied in the line that sets it:
//
//	var seed = env.Param[int64]("seed", 42)
//
// and GIBBS_PARAM_SEED=7, or `go run ./kernels run --param seed=7,8,9`, varies it.
//
// It is for lessons: the library's settings are fields of structs. The name is a
// literal, by which `run` knows what a lesson takes. Param panics on a value that
// is no T, and on a name that does not match ParamName.
func Param[T bool | int | int64 | float64 | string](name string, fallback T) T {
	if !ParamName.MatchString(name) {
		panic(fmt.Errorf("env: parameter %q: a name is small letters, digits and underscores, a letter first", name))
	}
	variable := ParamVariable(name)
	text := os.Getenv(variable)
	if text == "" {
		return fallback
	}
	value := fallback
	var err error
	switch v := any(&value).(type) {
	case *bool:
		*v, err = strconv.ParseBool(text)
	case *int:
		*v, err = strconv.Atoi(text)
	case *int64:
		*v, err = strconv.ParseInt(text, 10, 64)
	case *float64:
		*v, err = strconv.ParseFloat(text, 64)
	case *string:
		*v = text
	}
	if err != nil {
		panic(fmt.Errorf("env: %s=%q is no %T: give one such as %v, or unset it", variable, text, fallback, fallback))
	}
	return value
}

// Params returns the parameters that the environment sets, as "name=value",
// sorted.
func Params() []string {
	var set []string
	for _, entry := range os.Environ() {
		rest, ours := strings.CutPrefix(entry, ParamPrefix)
		if name, value, _ := strings.Cut(rest, "="); ours && value != "" {
			set = append(set, strings.ToLower(name)+"="+value)
		}
	}
	slices.Sort(set)
	return set
}
