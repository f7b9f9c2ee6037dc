package posterior

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// bijection is a smooth map between all of ℝᵏ and the range of a parameter.
type bijection interface {
	// free is k.
	free() int
	// forward maps u [chains, k] to x [chains, size], and returns log |∂x/∂u| [chains],
	// or nil where that is 0.
	forward(u *Node) (x, logJacobian *Node)
	// inverse maps x [size] to u [k].
	inverse(x []float64) ([]float64, error)
}

// interval is n numbers between low and high.
type interval struct {
	low, high float64
	n         int
}

func (b interval) free() int { return b.n }

func (b interval) forward(u *Node) (x, logJacobian *Node) {
	below, above := !math.IsInf(b.low, 0), !math.IsInf(b.high, 0)
	switch {
	case below && above:
		width := b.high - b.low
		return AddScalar(MulScalar(Sigmoid(u), width), b.low), Sum(AddScalar(logSlope(u), math.Log(width)))
	case below:
		return AddScalar(Exp(u), b.low), Sum(u)
	case above:
		return AddScalar(Neg(Exp(u)), b.high), Sum(u)
	}
	return u, nil
}

func (b interval) inverse(x []float64) ([]float64, error) {
	if err := wantSize(x, b.n); err != nil {
		return nil, err
	}
	below, above := !math.IsInf(b.low, 0), !math.IsInf(b.high, 0)
	u := make([]float64, b.n)
	for i, v := range x {
		if !(b.low < v && v < b.high) {
			return nil, fmt.Errorf("%g is not between %g and %g", v, b.low, b.high)
		}
		switch {
		case below && above:
			u[i] = math.Log((v - b.low) / (b.high - v))
		case below:
			u[i] = math.Log(v - b.low)
		case above:
			u[i] = math.Log(b.high - v)
		default:
			u[i] = v
		}
	}
	return u, nil
}

func wantSize(x []float64, n int) error {
	if len(x) != n {
		return fmt.Errorf("%d numbers, want %d", len(x), n)
	}
	return nil
}

// ordered is that many increasing numbers.
type ordered int

func (n ordered) free() int { return int(n) }

func (n ordered) forward(u *Node) (x, logJacobian *Node) {
	first := Slice(u, AxisRange(), AxisRange(0, 1))
	if n == 1 {
		return first, nil
	}
	gaps := Slice(u, AxisRange(), AxisRangeToEnd(1))
	x = Add(first, Einsum("ck,nk->cn", Exp(gaps), ConstAs(u, table(int(n), int(n)-1, func(i, k int) bool { return k < i }))))
	return x, Sum(gaps)
}

func (n ordered) inverse(x []float64) ([]float64, error) {
	if err := wantSize(x, int(n)); err != nil {
		return nil, err
	}
	u := []float64{x[0]}
	for i := 1; i < len(x); i++ {
		if !(x[i] > x[i-1]) {
			return nil, fmt.Errorf("%g after %g does not increase", x[i], x[i-1])
		}
		u = append(u, math.Log(x[i]-x[i-1]))
	}
	return u, nil
}

// table returns a matrix of ones where is holds and zeros elsewhere.
func table(rows, columns int, is func(i, j int) bool) [][]float64 {
	t := make([][]float64, rows)
	for i := range t {
		t[i] = make([]float64, columns)
		for j := range t[i] {
			if is(i, j) {
				t[i][j] = 1
			}
		}
	}
	return t
}

// simplex is that many positive numbers of sum 1.
type simplex int

func (n simplex) free() int { return int(n) - 1 }

// The Jacobian of the first n−1 softmaxes is √n Πxᵢ: Vu has the volume of u, the first
// n−1 coordinates of that plane have 1/√n of it, and from there it is Πxᵢ · n.
func (n simplex) forward(u *Node) (x, logJacobian *Node) {
	logX := LogSoftmax(Einsum("ck,nk->cn", u, ConstAs(u, n.basis())), -1)
	return Exp(logX), AddScalar(Sum(logX), 0.5*math.Log(float64(n)))
}

func (n simplex) inverse(x []float64) ([]float64, error) {
	if err := wantSize(x, int(n)); err != nil {
		return nil, err
	}
	sum, u := 0.0, make([]float64, n-1)
	for i, row := range n.basis() {
		if !(x[i] > 0) {
			return nil, fmt.Errorf("%g is not positive", x[i])
		}
		sum += x[i]
		for k, v := range row {
			u[k] += v * math.Log(x[i])
		}
	}
	if math.Abs(sum-1) > 1e-8 {
		return nil, fmt.Errorf("the sum is %g, not 1", sum)
	}
	return u, nil
}

// basis returns V, Helmert's: column k is (1, …, 1, −k, 0, …) / √(k(k+1)), k = 1, 2….
func (n simplex) basis() [][]float64 {
	v := table(int(n), int(n)-1, func(i, j int) bool { return i <= j })
	for i := range v {
		for j := range v[i] {
			k := float64(j + 1)
			if i == j+1 {
				v[i][j] = -k
			}
			v[i][j] /= math.Sqrt(k * (k + 1))
		}
	}
	return v
}

// choleskyCorrelation is a lower triangular matrix of that many rows of length 1.
type choleskyCorrelation int

func (n choleskyCorrelation) free() int { return int(n) * (int(n) - 1) / 2 }

// Of row i, log(1 − Σ_{k<j} Lᵢₖ²) = Σ_{k<j} log(1 − tanh² uᵢₖ), which no rounding can
// make negative; and ∂Lᵢⱼ/∂uᵢⱼ = (1 − tanh² uᵢⱼ) √(1 − Σ_{k<j} Lᵢₖ²).
func (n choleskyCorrelation) forward(u *Node) (x, logJacobian *Node) {
	at := n.places()
	size := int(n) * int(n)
	place := table(len(at), size, func(k, cell int) bool { return cell == at[k][0]*int(n)+at[k][1] })
	before := table(len(at), size, func(k, cell int) bool { return cell/int(n) == at[k][0] && cell%int(n) > at[k][1] })
	diagonal := table(1, size, func(_, cell int) bool { return cell/int(n) == cell%int(n) })

	logRest := AddScalar(logSlope(MulScalar(u, 2)), 2*math.Ln2) // log(1 − tanh²u)
	half := MulScalar(Einsum("ck,kn->cn", logRest, ConstAs(u, before)), 0.5)
	x = Mul(Add(Einsum("ck,kn->cn", Tanh(u), ConstAs(u, place)), ConstAs(u, diagonal)), Exp(half))
	below := Einsum("cn,kn->ck", half, ConstAs(u, place))
	return x, Sum(logRest, below)
}

func (n choleskyCorrelation) inverse(x []float64) ([]float64, error) {
	if err := wantSize(x, int(n)*int(n)); err != nil {
		return nil, err
	}
	var u []float64
	for i := range int(n) {
		rest := 1.0
		for j, v := range x[i*int(n) : (i+1)*int(n)] {
			switch {
			case j > i && v != 0:
				return nil, fmt.Errorf("row %d has %g above the diagonal", i+1, v)
			case j == i && (!(v > 0) || math.Abs(rest-v*v) > 1e-8):
				return nil, fmt.Errorf("row %d is not of length 1 with a positive diagonal", i+1)
			case j < i:
				z := v / math.Sqrt(rest)
				if !(math.Abs(z) < 1) {
					return nil, fmt.Errorf("row %d is longer than 1", i+1)
				}
				u = append(u, math.Atanh(z))
				rest -= v * v
			}
		}
	}
	return u, nil
}

// places lists the cells below the diagonal, row by row.
func (n choleskyCorrelation) places() (at [][2]int) {
	for i := range int(n) {
		for j := range i {
			at = append(at, [2]int{i, j})
		}
	}
	return at
}
