package diag

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// PSNR returns the peak signal-to-noise ratio of an image against a reference, in
// decibels; equal images give +∞.
//
//	PSNR = 10 log₁₀(span² / mean (x − y)²)
//
// span is the distance between the largest and the least possible value. Nothing
// is clipped. It panics if the lengths differ or are 0, or if span is not positive.
func PSNR(reference, image []float64, span float64) float64 {
	mustMatch("PSNR", reference, image, span)
	rms := floats.Distance(reference, image, 2) / math.Sqrt(float64(len(image)))
	return 20 * math.Log10(span/rms)
}

// The window and constants of SSIM.
const (
	ssimWindow = 7
	ssimK1     = 0.01
	ssimK2     = 0.03
)

// SSIM returns the mean structural similarity of an image to a reference, both of
// the given width: 1 for equal images, about 0 for unrelated ones. Each position of
// a 7 × 7 window that lies in the image counts alike.
//
//	SSIM = (2μₓμᵧ + C₁)(2σₓᵧ + C₂) / ((μₓ² + μᵧ² + C₁)(σₓ² + σᵧ² + C₂))
//
// with C₁ = (0.01·span)², C₂ = (0.03·span)² and the unbiased (co)variances of the
// window. It panics as PSNR does, and if an axis is shorter than the window.
//
// Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error
// visibility to structural similarity", 2004, eq. 13. Differs: a flat window in
// place of the Gaussian one, for small images.
func SSIM(reference, image []float64, width int, span float64) float64 {
	mustMatch("SSIM", reference, image, span)
	if width < ssimWindow || len(image)%width != 0 || len(image)/width < ssimWindow {
		panic(fmt.Sprintf("diag: SSIM of %d pixels in rows of %d: both sides must be at least %d", len(image), width, ssimWindow))
	}
	sum, windows := 0.0, 0
	for top := 0; top+ssimWindow <= len(image)/width; top++ {
		for left := 0; left+ssimWindow <= width; left++ {
			x, y := window(reference, width, top, left), window(image, width, top, left)
			sum += similarity(x, y, span)
			windows++
		}
	}
	return sum / float64(windows)
}

// similarity is SSIM's formula for one window.
func similarity(x, y []float64, span float64) float64 {
	c1, c2 := math.Pow(ssimK1*span, 2), math.Pow(ssimK2*span, 2)
	mx, vx := stat.MeanVariance(x, nil)
	my, vy := stat.MeanVariance(y, nil)
	return (2*mx*my + c1) * (2*stat.Covariance(x, y, nil) + c2) / ((mx*mx + my*my + c1) * (vx + vy + c2))
}

func window(image []float64, width, top, left int) []float64 {
	out := make([]float64, 0, ssimWindow*ssimWindow)
	for row := top; row < top+ssimWindow; row++ {
		out = append(out, image[row*width+left:row*width+left+ssimWindow]...)
	}
	return out
}

func mustMatch(name string, x, y []float64, span float64) {
	if len(x) != len(y) || len(x) == 0 || !(span > 0) {
		panic(fmt.Sprintf("diag: %s of %d and %d pixels with span %v: want equal lengths above 0 and a positive span", name, len(x), len(y), span))
	}
}
