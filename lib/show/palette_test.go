package show

import (
	"fmt"
	"image/color"
	"math"
	"testing"
)

// luminance is the relative luminance of WCAG 2.
func luminance(c color.NRGBA) float64 {
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// contrast is the contrast ratio of WCAG 2, from 1 to 21.
func contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestContrast(t *testing.T) {
	white, dark := color.NRGBA{0xff, 0xff, 0xff, 0xff}, color.NRGBA{0x11, 0x11, 0x11, 0xff}
	for name, c := range map[string]color.NRGBA{"data": dataGrey, "model": modelBlue, "target": targetOrange} {
		for page, p := range map[string]color.NRGBA{"card": card, "white": white, "dark": dark} {
			// 3:1 is WCAG 2.1's bound for graphics (success criterion 1.4.11).
			if got := contrast(c, p); got < 3 {
				t.Errorf("%s on %s: %.2f, want at least 3", name, page, got)
			}
		}
	}
	if got := contrast(ink, card); got < 7 { // text, level AAA
		t.Errorf("text on the card: %.2f, want at least 7", got)
	}
}

// blindness holds the matrices of Machado, Oliveira and Fernandes 2009 for
// complete loss of one cone, on linear RGB.
var blindness = map[string][9]float64{
	"normal":  {1, 0, 0, 0, 1, 0, 0, 0, 1},
	"protan":  {0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998},
	"deutan":  {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881},
	"tritan":  {1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900},
	"no hues": {0.2126, 0.7152, 0.0722, 0.2126, 0.7152, 0.0722, 0.2126, 0.7152, 0.0722},
}

func seen(c color.NRGBA, m [9]float64) color.NRGBA {
	r, g, b := linear(c.R), linear(c.G), linear(c.B)
	return color.NRGBA{
		encoded(m[0]*r + m[1]*g + m[2]*b), encoded(m[3]*r + m[4]*g + m[5]*b), encoded(m[6]*r + m[7]*g + m[8]*b), 0xff,
	}
}

// apart is the distance of two colours in OKLab, where about 0.02 is just seen.
func apart(a, b color.NRGBA) float64 {
	x, y := toOKLab(a), toOKLab(b)
	return math.Hypot(math.Hypot(x[0]-y[0], x[1]-y[1]), x[2]-y[2])
}

func TestRolesStayApart(t *testing.T) {
	for eye, m := range blindness {
		if eye == "no hues" {
			continue // there the dashes, the markers and the labels tell them apart
		}
		for i, pair := range [][2]color.NRGBA{{dataGrey, modelBlue}, {modelBlue, targetOrange}, {dataGrey, targetOrange}} {
			if d := apart(seen(pair[0], m), seen(pair[1], m)); d < 0.08 {
				t.Errorf("%s, pair %d: %.3f apart, want at least 0.08: four times the least that is seen", eye, i, d)
			}
		}
	}
}

func TestPaletteIsPerceptuallyUniform(t *testing.T) {
	if shades[0] != lowest || shades[255] != highest {
		t.Errorf("ends %v and %v, want %v and %v: not a point on the way may be out of sRGB", shades[0], shades[255], lowest, highest)
	}
	step := apart(lowest, highest) / 255
	for i := 32; i < len(shades); i += 8 { // 32 steps, so that rounding to bytes averages out
		if d := apart(shades[i-32], shades[i]) / (32 * step); math.Abs(d-1) > 0.05 {
			t.Errorf("from %d to %d: %.3f of the mean step", i-32, i, d)
		}
	}
	for eye, m := range blindness {
		for i := 8; i < len(shades); i += 8 {
			if a, b := toOKLab(seen(shades[i-8], m))[0], toOKLab(seen(shades[i], m))[0]; b <= a {
				t.Errorf("%s: lightness falls from shade %d to %d", eye, i-8, i)
			}
		}
	}
}

func TestOKLabRoundTrip(t *testing.T) {
	for _, c := range []color.NRGBA{dataGrey, modelBlue, targetOrange, ink, card, lowest, highest} {
		if back := fromOKLab(toOKLab(c)); back != c {
			t.Errorf("%v came back as %v", c, back)
		}
	}
	// The published check: D65 white is lightness 1, without hue.
	if got := fmt.Sprintf("%.3f", toOKLab(color.NRGBA{255, 255, 255, 255})); got != "[1.000 -0.000 0.000]" && got != "[1.000 0.000 0.000]" && got != "[1.000 -0.000 -0.000]" && got != "[1.000 0.000 -0.000]" {
		t.Errorf("white is %s", got)
	}
}
