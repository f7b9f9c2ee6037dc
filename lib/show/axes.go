package show

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The text of a figure.
var (
	titleStyle  = textStyle(14, draw.XCenter, draw.YTop)
	legendStyle = textStyle(12, draw.XLeft, draw.YCenter)
	xNameStyle  = textStyle(13, draw.XCenter, draw.YBottom)
	yNameStyle  = turned(textStyle(13, draw.XCenter, draw.YTop))
	barNameSize = turned(textStyle(12, draw.XCenter, draw.YBottom))
	xTickStyle  = textStyle(11, draw.XCenter, draw.YTop)
	yTickStyle  = textStyle(11, draw.XRight, draw.YCenter)
	barTick     = textStyle(11, draw.XLeft, draw.YCenter)
)

// textStyle is the face of all text, at a size in px.
func textStyle(px float64, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{
		Font:    font.From(typeface, font.Length(px)),
		Handler: textHandler,
		Color:   ink,
		XAlign:  x,
		YAlign:  y,
	}
}

// turned reads upwards.
func turned(s text.Style) text.Style {
	s.Rotation = math.Pi / 2
	return s
}

// A tick is a labelled place on an axis; without a label it is a minor one.
type tick struct {
	value float64
	label string
}

// ticks returns at most about n labelled places from lo to hi, 1, 2 or 5 times a
// power of ten apart, but not one alone, which would give no scale.
func ticks(lo, hi float64, n int) (list []tick) {
	decade := math.Pow(10, math.Ceil(math.Log10((hi-lo)/float64(n))))
	divisors := []float64{10, 5, 2, 1}
	i := 1
	for i < 3 && (hi-lo)/(decade/divisors[i]) > float64(n) {
		i++
	}
	slack := (hi - lo) * 1e-9
	first := func(step float64) float64 { return math.Ceil((lo - slack) / step) }
	last := func(step float64) float64 { return math.Floor((hi + slack) / step) }
	step := decade / divisors[i]
	if last(step) <= first(step) {
		step = decade / divisors[i-1]
	}
	decimals := max(0, int(-math.Floor(math.Log10(step)+1e-9)))
	for k := first(step); k <= last(step); k++ {
		list = append(list, tick{k * step, number(k*step, decimals, step)})
	}
	return list
}

// number writes a tick's value with so many decimals, a real minus sign, and
// thousands apart; extreme values with an exponent.
func number(v float64, decimals int, step float64) string {
	if v != 0 && (step < 1e-4 || math.Abs(v) >= 1e7) {
		return strings.ReplaceAll(strconv.FormatFloat(v, 'g', 4, 64), "-", "−")
	}
	s := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	if decimals == 0 {
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
	}
	if v < 0 && strings.Trim(s, "0.") != "" {
		s = "−" + s
	}
	return s
}

// logTicks marks the powers of ten, labelled, or every so many of them where
// there are more than n, with the other digits as minor ticks. On less than two
// decades 2 and 5 are labelled too.
func logTicks(lo, hi float64, n int) (list []tick) {
	first, last := math.Floor(math.Log10(lo)), math.Floor(math.Log10(hi))
	short := hi/lo < 100
	every := math.Ceil((last - first + 1) / float64(n))
	for decade := first; decade <= last; decade++ {
		for digit := 1.0; digit < 10; digit++ {
			t := tick{value: digit * math.Pow(10, decade)}
			if t.value < lo*(1-1e-9) || t.value > hi*(1+1e-9) {
				continue
			}
			labelled := digit == 1 && math.Mod(decade, every) == 0 || short && (digit == 2 || digit == 5)
			if labelled {
				t.label = strconv.FormatFloat(t.value, 'g', 3, 64)
				t.label = strings.ReplaceAll(strings.ReplaceAll(t.label, "e-0", "e−"), "e-", "e−")
			}
			if labelled || every == 1 {
				list = append(list, t)
			}
		}
	}
	return list
}

// xTicks returns the ticks of the x-axis for its length in px.
func (p *Plot) xTicks(r [2]float64, length vg.Length) (list []tick) {
	for i, name := range p.categories {
		list = append(list, tick{float64(i), name})
	}
	n := int(max(length/55, 2))
	switch {
	case list != nil:
		return list
	case p.LogX:
		return logTicks(r[0], r[1], n)
	}
	return ticks(r[0], r[1], n)
}

// yTicks returns the ticks of the y-axis for its length in px.
func (p *Plot) yTicks(r [2]float64, length vg.Length) []tick {
	n := int(max(length/35, 2))
	if p.LogY {
		return logTicks(r[0], r[1], n)
	}
	return ticks(r[0], r[1], n)
}

// widest returns the width of the widest label.
func widest(list []tick, s text.Style) (w vg.Length) {
	for _, t := range list {
		if t.label != "" {
			w = max(w, s.Width(t.label))
		}
	}
	return w
}

// axes draws the grid below the layers, or the axes above them.
func (f frame) axes(c draw.Canvas, below bool) {
	p, v, data := f.plot, f.view, f.data
	faint, firm := draw.LineStyle{Color: rule, Width: 0.8}, draw.LineStyle{Color: ink, Width: 0.8}
	for _, t := range f.xTicks {
		at := v.x(t.value)
		switch {
		case below && p.scale == nil && p.categories == nil && t.label != "":
			c.StrokeLine2(faint, at, data.Min.Y, at, data.Max.Y)
		case !below && t.label == "" && p.categories == nil:
			c.StrokeLine2(firm, at, data.Min.Y, at, data.Min.Y-tickLength/2)
		case !below:
			if p.categories == nil {
				c.StrokeLine2(firm, at, data.Min.Y, at, data.Min.Y-tickLength)
			}
			c.FillText(xTickStyle, vg.Point{X: at, Y: data.Min.Y - tickLength - 2}, t.label)
		}
	}
	for _, t := range f.yTicks {
		at := v.y(t.value)
		switch {
		case below && p.scale == nil && t.label != "":
			c.StrokeLine2(faint, data.Min.X, at, data.Max.X, at)
		case !below && t.label == "":
			c.StrokeLine2(firm, data.Min.X, at, data.Min.X-tickLength/2, at)
		case !below:
			c.StrokeLine2(firm, data.Min.X, at, data.Min.X-tickLength, at)
			c.FillText(yTickStyle, vg.Point{X: data.Min.X - tickLength - 3, Y: at + 1}, t.label)
		}
	}
	if below {
		return
	}
	c.StrokeLines(firm, []vg.Point{
		{X: data.Min.X, Y: data.Max.Y}, data.Min, {X: data.Max.X, Y: data.Min.Y},
	})
	middle := vg.Point{X: (data.Min.X + data.Max.X) / 2, Y: (data.Min.Y + data.Max.Y) / 2}
	c.FillText(xNameStyle, vg.Point{X: middle.X, Y: f.outer.Min.Y}, p.xName)
	left := data.Min.X - tickLength - 3 - widest(f.yTicks, yTickStyle) - 5 - yNameStyle.FontExtents().Height
	c.FillText(yNameStyle, vg.Point{X: left, Y: middle.Y}, p.yName)
}
