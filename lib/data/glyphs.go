package data

import (
	"math"

	"gibbs/lib/rng"
)

// glyphSide is the number of rows and columns of a glyph, that of the handwritten digits.
const glyphSide = 8

// strokes draw the digits as polylines in the unit square, y downwards.
var strokes = [10][][]float64{ // {x, y, x, y, …}
	{{.5, .08, .76, .2, .82, .5, .76, .8, .5, .92, .24, .8, .18, .5, .24, .2, .5, .08}},
	{{.34, .26, .54, .08, .54, .92}},
	{{.22, .26, .36, .1, .64, .1, .78, .28, .7, .46, .22, .9, .8, .9}},
	{{.22, .14, .6, .09, .76, .26, .64, .45, .42, .48, .66, .52, .78, .72, .6, .9, .22, .87}},
	{{.64, .92, .64, .08, .18, .64, .84, .64}},
	{{.76, .1, .3, .1, .27, .46, .58, .42, .78, .62, .66, .87, .24, .9}},
	{{.7, .1, .42, .24, .24, .58, .3, .84, .56, .92, .76, .76, .68, .54, .42, .52, .26, .66}},
	{{.2, .1, .8, .1, .44, .92}, {.36, .5, .7, .5}},
	{{.5, .08, .74, .26, .5, .46, .26, .26, .5, .08}, {.5, .46, .8, .7, .5, .92, .2, .7, .5, .46}},
	{{.74, .36, .5, .5, .26, .34, .36, .12, .64, .1, .75, .3, .7, .92}},
}

// Glyphs draws n digits of 8×8 pixels in code: the stand-in for handwritten digits
// where there is no file, as in tests. Labels run 0, 1, …, 9, 0, …; each digit is
// moved by up to half a pixel, turned by up to 0.15 radians, slanted, scaled and
// drawn with a pen of its own width. Pixels are ink from 0 to 1 with steps of 1/16.
func Glyphs(n int, seed int64) *Set {
	set := &Set{Shape: []int{glyphSide, glyphSide}}
	u := rng.NewHost(seed).Uniform(7 * n)
	for i := range n {
		vary := func(k int, size float64) float64 { return size * (2*u[7*i+k] - 1) }
		hand := hand{
			shiftX: vary(0, 0.5/glyphSide), shiftY: vary(1, 0.5/glyphSide),
			turn: vary(2, 0.15), slant: vary(3, 0.15),
			scaleX: 0.85 + vary(4, 0.15), scaleY: 0.93 + vary(5, 0.07),
			pen: (0.75 + vary(6, 0.2)) / glyphSide,
		}
		set.X = append(set.X, hand.draw(strokes[i%10])...)
		set.Labels = append(set.Labels, int32(i%10))
	}
	return set
}

// hand is how one glyph is written; lengths in units of the square.
type hand struct{ shiftX, shiftY, turn, slant, scaleX, scaleY, pen float64 }

// draw returns the pixels of polylines: a pixel's ink is the share of its 4×4
// sample points that lie within half a pen's width of a line.
func (h hand) draw(lines [][]float64) []float32 {
	const samples = 4
	pixels := make([]float32, glyphSide*glyphSide)
	placed := make([][]float64, len(lines))
	for i, line := range lines {
		for k := 0; k < len(line); k += 2 {
			x, y := h.place(line[k], line[k+1])
			placed[i] = append(placed[i], x, y)
		}
	}
	for row := range glyphSide * samples {
		for column := range glyphSide * samples {
			x := (float64(column) + 0.5) / (glyphSide * samples)
			y := (float64(row) + 0.5) / (glyphSide * samples)
			if near(placed, x, y, h.pen) {
				pixels[row/samples*glyphSide+column/samples] += 1.0 / (samples * samples)
			}
		}
	}
	return pixels
}

// place maps a point of the model to where this hand puts it.
func (h hand) place(x, y float64) (float64, float64) {
	x, y = (x-0.5)*h.scaleX, (y-0.5)*h.scaleY
	x -= h.slant * y
	sin, cos := math.Sincos(h.turn)
	return 0.5 + h.shiftX + cos*x - sin*y, 0.5 + h.shiftY + sin*x + cos*y
}

// near reports whether a point lies within reach of a polyline.
func near(lines [][]float64, x, y, reach float64) bool {
	for _, line := range lines {
		for k := 0; k+3 < len(line); k += 2 {
			ax, ay := line[k], line[k+1]
			dx, dy := line[k+2]-ax, line[k+3]-ay
			along := ((x-ax)*dx + (y-ay)*dy) / (dx*dx + dy*dy)
			along = min(1, max(0, along))
			if math.Hypot(x-ax-along*dx, y-ay-along*dy) < reach {
				return true
			}
		}
	}
	return false
}
