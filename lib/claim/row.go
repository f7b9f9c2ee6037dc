package claim

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Row is one claim with what was measured.
type Row struct {
	Name      string `json:"name"`
	Relation  string `json:"relation"` // "near", "below", "above", "equal" or "true"
	Measured  Number `json:"measured"` // of "true": 1 or 0
	Exact     Number `json:"exact"`    // of "below" and "above": the bound
	Tolerance Number `json:"tolerance"`
	Held      bool   `json:"held"`
}

// The relations between measured and exact.
const (
	near  = "near"
	below = "below"
	above = "above"
	equal = "equal"
	yes   = "true"
)

// check refuses a row that claims nothing.
func (r Row) check() error {
	finite := func(v Number) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }
	switch {
	case strings.TrimSpace(r.Name) == "":
		return errors.New("claim: a claim needs a name that says what it states")
	case !finite(r.Exact):
		return fmt.Errorf("claim: %s: the exact value or bound must be finite, not %v", r.Name, float64(r.Exact))
	case r.Relation == near && !(finite(r.Tolerance) && r.Tolerance > 0):
		return fmt.Errorf("claim: %s: the tolerance must be positive and finite, not %v; for equality to the last bit use Equal", r.Name, float64(r.Tolerance))
	}
	switch r.Relation {
	case near, below, above, equal, yes:
		return nil
	}
	return fmt.Errorf("claim: %s: unknown relation %q", r.Name, r.Relation)
}

// holds is the verdict. What is not finite never holds, not even above a bound.
func (r Row) holds() bool {
	m, e := float64(r.Measured), float64(r.Exact)
	if math.IsNaN(m) || math.IsInf(m, 0) {
		return false
	}
	switch r.Relation {
	case near:
		return math.Abs(m-e) <= float64(r.Tolerance)
	case below:
		return m < e
	case above:
		return m > e
	}
	return m == e
}

// verdict says in words and with a sign whether the claim held.
func (r Row) verdict() string {
	if r.Held {
		return "✓ held"
	}
	return "✗ missed"
}

// String is the row as one line.
func (r Row) String() string {
	measured, exact, tolerance := r.cells()
	switch r.Relation {
	case near:
		exact = fmt.Sprintf(", exact %s ± %s", exact, tolerance)
	case below, above:
		exact = fmt.Sprintf(", claimed %s", exact)
	case equal:
		exact = fmt.Sprintf(", exact %s", exact)
	default:
		return fmt.Sprintf("%s: %s", r.verdict(), r.Name)
	}
	return fmt.Sprintf("%s: %s: measured %s%s", r.verdict(), r.Name, measured, exact)
}

// cells returns the numbers as text, with the same decimals: two digits of the
// tolerance, or three of a bound, and more where rounding would contradict the
// verdict.
func (r Row) cells() (measured, exact, tolerance string) {
	m, e, t := float64(r.Measured), float64(r.Exact), float64(r.Tolerance)
	switch r.Relation {
	case yes:
		return strconv.FormatBool(r.Measured == 1), "true", "–"
	case equal:
		return text(m, -1), text(e, -1), "0"
	}
	decimals := 0
	switch {
	case r.Relation == near:
		decimals = 1 - magnitude(t)
	case e != 0:
		decimals = 2 - magnitude(e)
	default:
		decimals = 2 - magnitude(m)
	}
	decimals = min(max(decimals, 0), mostDecimals)
	for ; decimals < mostDecimals; decimals++ {
		shown := Row{Relation: r.Relation, Measured: rounded(m, decimals), Exact: rounded(e, decimals), Tolerance: rounded(t, decimals)}
		if shown.holds() == r.Held {
			break
		}
	}
	measured, exact, tolerance = text(m, decimals), text(e, decimals), "–"
	switch r.Relation {
	case near:
		tolerance = text(t, decimals)
	case below:
		exact = "< " + exact
	case above:
		exact = "> " + exact
	}
	return measured, exact, tolerance
}

// mostDecimals is where decimals give way to the shortest exact form.
const mostDecimals = 12

// magnitude is the power of ten of v's first digit; 0 for what has none.
func magnitude(v float64) int {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return int(math.Floor(math.Log10(math.Abs(v))))
}

// rounded is v as text shows it.
func rounded(v float64, decimals int) Number {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'f', decimals, 64), 64)
	return Number(r)
}

// text writes v with so many decimals, or in its shortest exact form where
// decimals are mostDecimals or none.
func text(v float64, decimals int) string {
	form := byte('f')
	if decimals < 0 || decimals >= mostDecimals || math.Abs(v) >= 1e12 {
		form, decimals = 'g', -1
	}
	return strings.ReplaceAll(strconv.FormatFloat(v, form, decimals, 64), "-", "−")
}

// A Number is a float64 whose JSON form also covers what JSON numbers cannot:
// "NaN", "+Inf" and "-Inf", as strings.
type Number float64

// MarshalJSON writes a JSON number, or a string where it is not finite.
func (n Number) MarshalJSON() ([]byte, error) {
	v := float64(n)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return json.Marshal(strconv.FormatFloat(v, 'g', -1, 64))
	}
	return json.Marshal(v)
}

// UnmarshalJSON reads both forms.
func (n *Number) UnmarshalJSON(data []byte) error {
	s := strings.Trim(string(data), `"`)
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return fmt.Errorf("claim: %s is not a number", data)
	}
	*n = Number(v)
	return nil
}
