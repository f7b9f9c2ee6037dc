package show

import (
	"fmt"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
)

// draw adds a path to the group of its style. Opaque paths of one group become
// one element; translucent ones stay apart, because they add up where they overlap.
func (c *svgCanvas) draw(style string, path vg.Path) {
	if style != c.style {
		c.closeGroup()
		c.style = style
		fmt.Fprintf(&c.body, "<g %s>\n", style)
	} else if c.now.color.A < 0xff {
		c.closePath()
	}
	for _, part := range path {
		switch part.Type {
		case vg.MoveComp:
			c.command('m', part.Pos)
		case vg.LineComp:
			c.command('l', part.Pos)
		case vg.ArcComp:
			c.arc(part)
		case vg.CurveComp:
			c.command("qc"[len(part.Control)-1], append(part.Control, part.Pos)...)
		case vg.CloseComp:
			c.path = append(c.path, 'z')
			c.at = c.start
		}
	}
}

// command writes one path command with coordinates relative to the current point,
// in tenths of a px: half the bytes of absolute ones. The current point is kept
// as it was written, so that rounding does not add up.
func (c *svgCanvas) command(letter byte, points ...vg.Point) {
	c.path = append(c.path, letter)
	var to [2]int
	for _, p := range points {
		x, y := c.place(p.X, p.Y)
		to = [2]int{int(math.Round(10 * x)), int(math.Round(10 * y))}
		c.tenths(to[0] - c.at[0])
		c.tenths(to[1] - c.at[1])
	}
	c.at = to
	if letter == 'm' {
		c.start = to
	}
}

// tenths writes a number of tenths, after a space where one is needed.
func (c *svgCanvas) tenths(n int) {
	if last := c.path[len(c.path)-1]; n >= 0 && (last == '.' || last >= '0' && last <= '9') {
		c.path = append(c.path, ' ')
	}
	c.path = append(c.path, decimal(float64(n)/10)...)
}

// arc writes an arc in pieces of less than half a turn, as SVG's arcs cannot
// close on themselves. The current point is the arc's start already.
func (c *svgCanvas) arc(part vg.PathComp) {
	pieces := math.Ceil(math.Abs(part.Angle) / (math.Pi * 0.99))
	m := c.now.m
	radius := decimal(float64(part.Radius) * math.Sqrt(math.Abs(m[0]*m[4]-m[1]*m[3])))
	sweep := "0" // y points down on the page: counter-clockwise is sweep 0
	if part.Angle < 0 {
		sweep = "1"
	}
	for i := 1.0; i <= pieces; i++ {
		sin, cos := math.Sincos(part.Start + part.Angle*i/pieces)
		x, y := c.place(part.Pos.X+part.Radius*vg.Length(cos), part.Pos.Y+part.Radius*vg.Length(sin))
		to := [2]int{int(math.Round(10 * x)), int(math.Round(10 * y))}
		c.path = append(c.path, "a"+radius+" "+radius+" 0 0 "+sweep...)
		c.tenths(to[0] - c.at[0])
		c.tenths(to[1] - c.at[1])
		c.at = to
	}
}

// decimal writes a number with at most two decimals.
func decimal(v float64) string {
	v = math.Round(v*100) / 100
	if v == 0 {
		v = 0 // no −0
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if strings.HasPrefix(s, "0.") {
		return s[1:]
	}
	return strings.Replace(s, "-0.", "-.", 1)
}

// hex writes a colour without its opacity.
func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
