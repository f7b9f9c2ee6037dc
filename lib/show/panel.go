package show

import (
	"image"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes in px.
const (
	tickLength  = 4
	lineHeight  = 18 // of a legend's line
	sampleWidth = 24 // of a legend's sample
	barWidth    = 12 // of a colour bar
)

// A frame is a panel laid out: where everything goes.
type frame struct {
	plot           *Plot
	outer, data    vg.Rectangle
	legend         []legendRow
	xTicks, yTicks []tick
	view           view
}

// top returns the height of title and legend.
func (p *Plot) top(width vg.Length) (h vg.Length) {
	if p.Title != "" {
		h += titleStyle.FontExtents().Height + 6
	}
	if rows := p.legend(width); len(rows) > 0 {
		h += vg.Length(len(rows))*lineHeight + 4
	}
	return max(h, 8)
}

// margins returns what lies to the left of, below and to the right of the data
// rectangle, given about how high it is.
func (p *Plot) margins(height vg.Length) (left, bottom, right vg.Length) {
	_, y := p.ranges()
	left = yNameStyle.FontExtents().Height + 5 + widest(p.yTicks(y, height), yTickStyle) + 3 + tickLength
	bottom = tickLength + 2 + xTickStyle.FontExtents().Height + 4 + xNameStyle.FontExtents().Height
	right = 12
	if p.scale != nil {
		right = barWidth + 10 + p.scale.textWidth(p, height)
	}
	return left, bottom, right
}

// height returns the panel's height: what is asked for, with Equal what its data
// rectangle needs (between 160 and 480), else usual. Top is the room for title
// and legend.
func (p *Plot) height(width, usual, top vg.Length) vg.Length {
	switch {
	case p.Height > 0:
		return vg.Length(p.Height)
	case !p.Equal:
		return usual
	}
	left, bottom, right := p.margins(usual - top)
	x, y := p.ranges()
	data := (width - left - right) * vg.Length((y[1]-y[0])/(x[1]-x[0]))
	return min(max(top+data+bottom, 160), 480)
}

// frame lays the panel out in a rectangle, with so much room for title and legend.
func (p *Plot) frame(c draw.Canvas, top vg.Length) frame {
	size := c.Size()
	left, bottom, right := p.margins(size.Y - top)
	x, y := p.ranges()
	data := vg.Rectangle{
		Min: vg.Point{X: c.Min.X + left, Y: c.Min.Y + bottom},
		Max: vg.Point{X: c.Max.X - right, Y: c.Max.Y - top},
	}
	outer := c.Rectangle
	if p.Equal {
		spare := data.Size()
		perUnit := min(spare.X/vg.Length(x[1]-x[0]), spare.Y/vg.Length(y[1]-y[0]))
		spare.X -= perUnit * vg.Length(x[1]-x[0])
		spare.Y -= perUnit * vg.Length(y[1]-y[0])
		data.Min.X += spare.X / 2
		data.Max.X -= spare.X / 2
		data.Min.Y += spare.Y // stay below the title
		outer.Min.Y += spare.Y
	}
	size = data.Size()
	return frame{
		plot: p, outer: outer, data: data, legend: p.legend(c.Size().X),
		xTicks: p.xTicks(x, size.X), yTicks: p.yTicks(y, size.Y),
		view: p.view(draw.Canvas{Canvas: c.Canvas, Rectangle: data}, x, y),
	}
}

// draw draws the panel.
func (p *Plot) draw(c draw.Canvas, top vg.Length) {
	f := p.frame(c, top)
	at := f.data.Max.Y + 4
	for i := len(f.legend) - 1; i >= 0; i-- {
		f.legend[i].draw(c, f.data, at+lineHeight/2)
		at += lineHeight
	}
	if p.Title != "" {
		middle := (f.data.Min.X + f.data.Max.X) / 2
		c.FillText(titleStyle, vg.Point{X: middle, Y: c.Max.Y}, p.Title)
	}
	f.axes(c, true)
	for _, l := range p.layers {
		l.draw(f.view)
	}
	if p.scale != nil {
		p.scale.draw(p, f.view.Canvas)
	}
	f.axes(c, false)
}

// A legendRow is one line of the legend.
type legendRow struct {
	entries []layer
	labels  []string
	width   vg.Length
}

// legendGap lies between the entries of a legend, in px.
const legendGap = 16

// legend breaks the labelled layers into lines that fit the width. The legend
// stands above the axes, where it hides no data.
func (p *Plot) legend(width vg.Length) (rows []legendRow) {
	for _, l := range p.layers {
		label := l.label(p)
		if label == "" || l.key == nil {
			continue
		}
		need := sampleWidth + 5 + legendStyle.Width(label)
		if n := len(rows); n == 0 || rows[n-1].width+legendGap+need > width {
			rows = append(rows, legendRow{width: -legendGap})
		}
		row := &rows[len(rows)-1]
		row.entries, row.labels = append(row.entries, l), append(row.labels, label)
		row.width += legendGap + need
	}
	return rows
}

// draw draws the line centred over the data rectangle at height y, inside c.
func (row legendRow) draw(c draw.Canvas, data vg.Rectangle, y vg.Length) {
	x := (data.Min.X+data.Max.X)/2 - row.width/2
	x = max(min(x, c.Max.X-row.width), c.Min.X)
	for i, l := range row.entries {
		l.key(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: x, Y: y - 5}, Max: vg.Point{X: x + sampleWidth, Y: y + 5},
		}})
		c.FillText(legendStyle, vg.Point{X: x + sampleWidth + 5, Y: y}, row.labels[i])
		x += sampleWidth + 5 + legendStyle.Width(row.labels[i]) + legendGap
	}
}

// ends returns what the colours' ends mean.
func (s *colorScale) ends(p *Plot) (lo, hi float64) {
	if p.zRange != nil {
		return p.zRange[0], p.zRange[1]
	}
	return s.lo, s.hi
}

// ticks returns the ticks of a bar of a height in px.
func (s *colorScale) ticks(p *Plot, height vg.Length) []tick {
	lo, hi := s.ends(p)
	return ticks(lo, hi, int(max(height/35, 2)))
}

// textWidth returns the room that the bar's numbers and name take.
func (s *colorScale) textWidth(p *Plot, height vg.Length) vg.Length {
	return 6 + widest(s.ticks(p, height), barTick) + 4 + barNameSize.FontExtents().Height
}

// draw draws the colour bar to the right of the data rectangle.
func (s *colorScale) draw(p *Plot, data draw.Canvas) {
	lo, hi := s.ends(p)
	bar := vg.Rectangle{
		Min: vg.Point{X: data.Max.X + 10, Y: data.Min.Y},
		Max: vg.Point{X: data.Max.X + 10 + barWidth, Y: data.Max.Y},
	}
	img := image.NewPaletted(image.Rect(0, 0, 1, emptyShade), shadePalette)
	for i := range emptyShade {
		img.SetColorIndex(0, i, uint8(emptyShade-1-i))
	}
	data.DrawImage(bar, img)
	height := bar.Size().Y
	for _, t := range s.ticks(p, height) {
		at := bar.Min.Y + vg.Length((t.value-lo)/(hi-lo))*height
		data.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.8}, bar.Max.X, at, bar.Max.X+3, at)
		data.FillText(barTick, vg.Point{X: bar.Max.X + 6, Y: at + 1}, t.label)
	}
	right := bar.Max.X + s.textWidth(p, height)
	data.FillText(barNameSize, vg.Point{X: right, Y: (bar.Min.Y + bar.Max.Y) / 2}, s.label)
}
