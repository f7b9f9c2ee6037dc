package show

import (
	"image"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// manyPoints is where a scatter turns from one shape for each point (50 bytes)
// into one picture, which costs at most a few tens of kilobytes however many
// points there are.
const manyPoints = 500

// Scatter draws the points (xs[i], ys[i]). More than 500 dots are drawn as one
// embedded picture at twice the screen's resolution instead of single shapes.
func (p *Plot) Scatter(xs, ys []float64, s Style) {
	sameLength("Scatter", xs, ys)
	xs, ys = slices.Clone(xs), slices.Clone(ys)
	radius, opacity := s.size(markerSize[s.Marker]), 0.9
	if n := len(xs); n > manyPoints && s.Marker == Dot {
		radius = s.size(1.8)
		opacity = max(0.15, 0.6*math.Sqrt(manyPoints/float64(n)))
	}
	p.add(layer{kind: "points", xs: xs, ys: ys, style: s,
		draw: func(v view) {
			seen := v.inside(xs, ys)
			if len(seen) > manyPoints && s.Marker == Dot {
				v.DrawImage(v.Rectangle, splat(v.Rectangle, seen, radius, s.color(opacity)))
				return
			}
			for _, at := range seen {
				s.mark(v.Canvas, at, radius, opacity)
			}
		},
		key: func(c draw.Canvas) { s.mark(c, c.Center(), s.size(markerSize[s.Marker]), 1) },
	})
}

// splat draws dots of one colour onto a transparent picture with two pixels for
// each px; where dots overlap the colour thickens.
func splat(r vg.Rectangle, points []vg.Point, radius vg.Length, c color.NRGBA) image.Image {
	const fine, levels = 2, 16 // pixels for each px; steps of opacity: half a byte
	size := r.Size()
	w, h := int(math.Ceil(float64(size.X)*fine)), int(math.Ceil(float64(size.Y)*fine))
	palette := make(color.Palette, levels)
	for i := range palette {
		palette[i] = color.NRGBA{c.R, c.G, c.B, uint8(i * 255 / (levels - 1))}
	}
	clear := make([]float64, w*h) // the share of the card that shows through
	for i := range clear {
		clear[i] = 1
	}
	reach := float64(radius) * fine
	for _, at := range points {
		cx, cy := float64(at.X-r.Min.X)*fine, float64(r.Max.Y-at.Y)*fine
		for y := max(0, int(cy-reach-1)); y < min(h, int(cy+reach+2)); y++ {
			for x := max(0, int(cx-reach-1)); x < min(w, int(cx+reach+2)); x++ {
				inside := reach + 0.5 - math.Hypot(float64(x)+0.5-cx, float64(y)+0.5-cy)
				clear[y*w+x] *= 1 - min(max(inside, 0), 1)*float64(c.A)/255
			}
		}
	}
	img := image.NewPaletted(image.Rect(0, 0, w, h), palette)
	for i, share := range clear {
		img.Pix[i] = uint8(math.Round((levels - 1) * (1 - share)))
	}
	return img
}
