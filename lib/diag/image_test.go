package diag_test

import (
	"fmt"
	"math"
	"testing"

	"gibbs/lib/diag"
)

func ExamplePSNR() {
	clean := make([]float64, 64)
	noisy := make([]float64, 64)
	for i := range clean {
		noisy[i] = clean[i] + 0.5*(1-2*float64(i%2)) // off by ±½ everywhere
	}
	fmt.Printf("%.4f dB\n", diag.PSNR(clean, noisy, 1))
	// Output: 6.0206 dB
}

// pictures are made of integers, so that another program can make them too.
func pictures(n int) (a, b []float64) {
	for i := range n {
		a = append(a, float64(i%9)/8)
		b = append(b, float64((3*i+2)%7)/6)
	}
	return a, b
}

// TestAgainstScikitImage compares with structural_similarity and
// peak_signal_noise_ratio (data_range=1) of scikit-image 0.26.0. Both compute in
// float64; sums of 49 terms in another order differ by less than 1e-13.
func TestAgainstScikitImage(t *testing.T) {
	a, b := pictures(64)
	c := make([]float64, 64)
	for i := range c {
		c[i] = min(1, max(0, a[i]+0.1*math.Sin(float64(i))))
	}
	d, e := pictures(120)
	for _, test := range []struct {
		name       string
		x, y       []float64
		width      int
		ssim, psnr float64
	}{
		{"unrelated", a, b, 8, -0.004790120256820038, 6.702967499410186},
		{"slightly noisy", a, c, 8, 0.9802805869537026, 23.608282447697846},
		{"12 wide, 10 high", d, e, 12, -0.04151303055555119, 6.625580720086976},
	} {
		if got := diag.SSIM(test.x, test.y, test.width, 1); math.Abs(got-test.ssim) > 1e-13 {
			t.Errorf("%s: SSIM %.16f, want %.16f", test.name, got, test.ssim)
		}
		if got := diag.PSNR(test.x, test.y, 1); math.Abs(got-test.psnr) > 1e-12 {
			t.Errorf("%s: PSNR %.16f, want %.16f", test.name, got, test.psnr)
		}
	}
	if got := diag.SSIM(a, a, 8, 1); math.Abs(got-1) > 1e-15 {
		t.Errorf("an image is %.16f similar to itself", got)
	}
	if got := diag.PSNR(a, a, 1); !math.IsInf(got, 1) {
		t.Errorf("PSNR of equal images is %v, want +Inf", got)
	}
}

func TestMisusePanics(t *testing.T) {
	a, b := pictures(64)
	for name, f := range map[string]func(){
		"lengths":    func() { diag.PSNR(a, b[1:], 1) },
		"empty":      func() { diag.PSNR(nil, nil, 1) },
		"span":       func() { diag.SSIM(a, b, 8, 0) },
		"narrow":     func() { diag.SSIM(a, b, 4, 1) },
		"broken row": func() { diag.SSIM(a, b, 9, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			f()
		}()
	}
}
