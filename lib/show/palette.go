package show

import (
	"image/color"
	"math"
)

// The colours of a figure. The three roles come from the Okabe–Ito set and stay
// apart under red–green and blue–yellow colour blindness.
var (
	dataGrey     = color.NRGBA{0x77, 0x77, 0x77, 0xff}
	modelBlue    = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
	targetOrange = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}

	ink  = color.NRGBA{0x26, 0x26, 0x26, 0xff} // text, axes, neutral marks
	rule = color.NRGBA{0xe4, 0xe4, 0xde, 0xff} // grid lines
	card = color.NRGBA{0xfc, 0xfc, 0xf9, 0xff} // the figure's background
)

// The ends of the sequential palette: dark blue for low, light yellow for high.
var (
	lowest  = color.NRGBA{0x0c, 0x1f, 0x4f, 0xff}
	highest = color.NRGBA{0xff, 0xea, 0x70, 0xff}
)

// shades is the sequential palette of heat maps and colour bars: 256 equal steps
// on the straight line from lowest to highest in the OKLab colour space, so equal
// steps in value are equal steps in perceived colour. Its hues are blue and
// yellow, which survive red–green colour blindness, and lightness rises all the
// way, which survives a grey print.
//
// Source: OKLab, Björn Ottosson 2020.
var shades = func() (list [256]color.NRGBA) {
	a, b := toOKLab(lowest), toOKLab(highest)
	for i := range list {
		t := float64(i) / float64(len(list)-1)
		list[i] = fromOKLab([3]float64{
			a[0] + t*(b[0]-a[0]), a[1] + t*(b[1]-a[1]), a[2] + t*(b[2]-a[2]),
		})
	}
	return list
}()

// shadeIndex returns the place in shades of z between lo and hi; values outside
// take the end's colour.
func shadeIndex(z, lo, hi float64) uint8 {
	t := (z - lo) / (hi - lo)
	return uint8(math.Round(255 * min(max(t, 0), 1)))
}

// linear undoes the sRGB transfer curve of one channel, to [0, 1].
func linear(channel uint8) float64 {
	c := float64(channel) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

// encoded applies the sRGB transfer curve; values outside [0, 1] are clipped.
func encoded(c float64) uint8 {
	c = min(max(c, 0), 1)
	if c <= 0.0031308 {
		c *= 12.92
	} else {
		c = 1.055*math.Pow(c, 1/2.4) - 0.055
	}
	return uint8(math.Round(255 * c))
}

// toOKLab returns lightness and the two opponent axes of a colour.
func toOKLab(c color.NRGBA) [3]float64 {
	r, g, b := linear(c.R), linear(c.G), linear(c.B)
	l := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	m := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	s := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	return [3]float64{
		0.2104542553*l + 0.7936177850*m - 0.0040720468*s,
		1.9779984951*l - 2.4285922050*m + 0.4505937099*s,
		0.0259040371*l + 0.7827717662*m - 0.8086757660*s,
	}
}

// fromOKLab is the inverse of toOKLab, clipped to what sRGB can show.
func fromOKLab(lab [3]float64) color.NRGBA {
	cube := func(v float64) float64 { return v * v * v }
	l := cube(lab[0] + 0.3963377774*lab[1] + 0.2158037573*lab[2])
	m := cube(lab[0] - 0.1055613458*lab[1] - 0.0638541728*lab[2])
	s := cube(lab[0] - 0.0894841775*lab[1] - 1.2914855480*lab[2])
	return color.NRGBA{
		R: encoded(4.0767416621*l - 3.3077115913*m + 0.2309699292*s),
		G: encoded(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s),
		B: encoded(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s),
		A: 0xff,
	}
}
