package show

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Style says how the marks of one layer look. The zero value is dark ink,
// solid, without a label; Data, Model and Target give the three roles.
type Style struct {
	Label   string      // entry in the legend; empty: none
	Color   color.NRGBA // zero: ink
	Marker  Marker      // of Scatter
	Dashed  bool        // of Line, HLine and Contour
	Size    float64     // px: radius of a marker, width of a line; 0: the usual
	Opacity float64     // 0 to 1; 0: 1 for lines, for dots less the more there are
}

// Marker is the shape of a point.
type Marker int

// The shapes of points.
const (
	Dot Marker = iota
	Cross
	Ring
)

// markerSize is the usual radius of a marker in px.
var markerSize = map[Marker]float64{Dot: 2.6, Cross: 4.5, Ring: 4}

// Data is the style of observations: grey dots and lines.
func Data(label string) Style { return Style{Label: label, Color: dataGrey} }

// Model is the style of what was learned or sampled: blue, solid.
func Model(label string) Style { return Style{Label: label, Color: modelBlue} }

// Target is the style of the exact answer: orange, crosses and dashed lines.
func Target(label string) Style {
	return Style{Label: label, Color: targetOrange, Marker: Cross, Dashed: true}
}

// Light is the style of marks on the dark end of a heat map: nearly white.
func Light(label string) Style { return Style{Label: label, Color: card} }

// color returns the style's colour with its opacity, or with the given one where
// the style leaves it open.
func (s Style) color(opacity float64) color.NRGBA {
	c := s.Color
	if c == (color.NRGBA{}) {
		c = ink
	}
	if s.Opacity > 0 {
		opacity = s.Opacity
	}
	c.A = uint8(math.Round(255 * min(opacity, 1)))
	return c
}

// size returns the style's size, or usual where the style leaves it open.
func (s Style) size(usual float64) vg.Length {
	if s.Size > 0 {
		usual = s.Size
	}
	return vg.Length(usual)
}

// line returns the stroke of a line in this style.
func (s Style) line() draw.LineStyle {
	stroke := draw.LineStyle{Color: s.color(1), Width: s.size(1.6)}
	if s.Dashed {
		stroke.Dashes = []vg.Length{6, 3}
	}
	return stroke
}

// mark draws one point.
func (s Style) mark(c draw.Canvas, at vg.Point, radius vg.Length, opacity float64) {
	switch s.Marker {
	case Cross:
		c.SetLineStyle(draw.LineStyle{Color: s.color(1), Width: max(radius*0.45, 1)})
		var p vg.Path
		for _, side := range []vg.Length{1, -1} {
			p.Move(vg.Point{X: at.X - radius, Y: at.Y - side*radius})
			p.Line(vg.Point{X: at.X + radius, Y: at.Y + side*radius})
		}
		c.Stroke(p)
	case Ring:
		c.SetLineStyle(draw.LineStyle{Color: s.color(1), Width: max(radius/3, 1)})
		c.Stroke(circle(at, radius))
	default:
		c.SetColor(s.color(opacity))
		c.Fill(circle(at, radius))
	}
}

// circle is the closed path around a point.
func circle(at vg.Point, radius vg.Length) vg.Path {
	var p vg.Path
	p.Move(vg.Point{X: at.X + radius, Y: at.Y})
	p.Arc(at, radius, 0, 2*math.Pi)
	p.Close()
	return p
}
