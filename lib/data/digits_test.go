package data

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gibbs/lib/env"
)

// digitsFile returns the installed file, or skips.
func digitsFile(t *testing.T) []byte {
	t.Helper()
	home, err := env.Home()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(home, "data", DigitsFile))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the handwritten digits are not installed (%v): `go run ./kernels setup` brings them", err)
	} else if err != nil {
		t.Fatal(err)
	}
	return content
}

// useDigits makes content the digits' file of a home of this test's own.
func useDigits(t *testing.T, content []byte) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("GIBBS_HOME", home)
	if content == nil {
		return
	}
	if err := os.Mkdir(filepath.Join(home, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "data", DigitsFile), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDigits(t *testing.T) {
	digitsFile(t)
	set, err := Digits()
	if err != nil {
		t.Fatal(err)
	}
	if set.Len() != 1797 || set.Dim() != 64 || len(set.Labels) != 1797 {
		t.Fatalf("%d digits of %d pixels, %d labels", set.Len(), set.Dim(), len(set.Labels))
	}
	var sum, squares float64
	for _, x := range set.X {
		if x < 0 || x > 1 {
			t.Fatalf("pixel %g", x)
		}
		sum, squares = sum+float64(x), squares+float64(x)*float64(x)
	}
	n := float64(len(set.X))
	if mean, sd := sum/n, math.Sqrt(squares/n-sum*sum/n/n); math.Abs(mean-0.3053) > 5e-5 || math.Abs(sd-0.3760) > 5e-5 {
		t.Errorf("mean %.5f, standard deviation %.5f; want 0.3053, 0.3760", mean, sd)
	}
	counts := [10]int{}
	for _, label := range set.Labels {
		counts[label]++
	}
	if want := [10]int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}; counts != want {
		t.Errorf("labels %v, want %v", counts, want)
	}
	// The first row of the file is a 0: 0,0,5,13,9,1,0,0, …
	if set.Labels[0] != 0 || set.Row(0)[2] != 5.0/16 || set.Row(0)[3] != 13.0/16 || set.Row(0)[9] != 0 || set.Row(0)[10] != 13.0/16 {
		t.Errorf("first digit: label %d, %v", set.Labels[0], set.Row(0)[:16])
	}
	train, test, err := set.Split(0.2, 1)
	if err != nil {
		t.Fatal(err)
	}
	if right := nearestMean(train, test); train.Len()+test.Len() != 1797 || right < 0.85 {
		t.Errorf("nearest mean names %.3f of %d held-out digits", right, test.Len())
	}
}

func TestDigitsRefusesWhatIsNotTheFile(t *testing.T) {
	whole := digitsFile(t)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, c := range map[string]struct {
		content []byte
		message string
	}{
		"flipped bit": {flipped, "SHA-256"},
		"cut":         {whole[:len(whole)-1], "has 57522 bytes, want 57523"},
		"longer":      {append(bytes.Clone(whole), make([]byte, 100)...), "has 57623 bytes, want 57523"},
		"empty":       {[]byte{}, "has 0 bytes"},
	} {
		useDigits(t, c.content)
		_, err := Digits()
		if err == nil || !strings.Contains(err.Error(), c.message) || !strings.Contains(err.Error(), "go run ./kernels setup") {
			t.Errorf("%s: error %v, want one with %q and what to do", name, err, c.message)
		}
	}
	useDigits(t, whole)
	if _, err := Digits(); err != nil {
		t.Errorf("the whole file: %v", err)
	}
}

func TestDigitsAbsent(t *testing.T) {
	useDigits(t, nil)
	_, err := Digits()
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "go run ./kernels setup") || !strings.HasPrefix(err.Error(), "data: ") {
		t.Errorf("got %v", err)
	}
	t.Log(err)
}

func TestParseDigits(t *testing.T) {
	row := strings.Repeat("16,", 64) + "9\n"
	rows := strings.Repeat(row, digitsRows)
	set, err := parseDigits(packed(t, rows))
	if err != nil || set.Len() != digitsRows || set.X[0] != 1 || set.Labels[0] != 9 {
		t.Fatalf("%v", err)
	}
	for name, c := range map[string]struct{ text, message string }{
		"too few rows":   {row, "1 rows, want 1797"},
		"too many":       {rows + row, "1798 rows"},
		"pixel too dark": {"17" + row[2:], `row 1, column 1: "17"`},
		"negative":       {"-1" + row[2:], `"-1"`},
		"a word":         {"xy" + row[2:], `"xy"`},
		"no digit":       {strings.Repeat("16,", 64) + "10\n", "column 65"},
		"short row":      {"1,2,3\n", "wrong number of fields"},
	} {
		if _, err := parseDigits(packed(t, c.text)); err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.message)
		}
	}
	if _, err := parseDigits(strings.NewReader(rows)); err == nil {
		t.Error("text that is not gzipped: no error")
	}
}

func packed(t testing.TB, text string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}
