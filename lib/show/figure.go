package show

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Picture is a finished figure: alt text, description and drawing.
type Picture struct {
	alt         string
	description string
	w, h        vg.Length
	draw        func(c draw.Canvas)
}

// Figure shows panels as one figure; see Draw. It panics on misuse.
func Figure(alt string, plots ...*Plot) {
	picture, err := Draw(alt, plots...)
	must(err)
	must(picture.Display())
}

// Draw lays panels out as one picture: up to three in a row, four as two by two,
// more in rows of three. The alt text is required: it says in a sentence or two
// what the figure shows to a reader who cannot see it, results included, not
// merely its kind. A description of axes, ranges and layers is added by itself.
func Draw(alt string, plots ...*Plot) (*Picture, error) {
	if len(plots) == 0 {
		return nil, errors.New("show: a figure needs at least one plot")
	}
	columns := min(len(plots), 3)
	if len(plots) == 4 {
		columns = 2
	}
	picture := &Picture{alt: alt, h: -panelGap}
	if err := picture.check(); err != nil {
		return nil, err
	}
	var rows []panelRow
	var about []string
	for ; len(plots) > 0; plots = plots[min(columns, len(plots)):] {
		row := newPanelRow(plots[:min(columns, len(plots))], columns)
		picture.w = max(picture.w, row.w)
		picture.h += row.h + panelGap
		rows = append(rows, row)
		for _, p := range row.plots {
			about = append(about, p.describe())
		}
	}
	picture.description = strings.Join(about, " ")
	picture.draw = func(c draw.Canvas) {
		for _, row := range rows {
			row.draw(c)
			c.Max.Y -= row.h + panelGap
		}
	}
	return picture, nil
}

// panelGap lies between panels, in px.
const panelGap = 20

// panelSize is the usual width and height in px of a panel in a figure of so many
// columns: three fit a notebook's page without being made smaller.
var panelSize = [4][2]vg.Length{1: {480, 350}, 2: {430, 320}, 3: {310, 270}}

// A panelRow is one row of a figure.
type panelRow struct {
	plots   []*Plot
	widths  []vg.Length
	heights []vg.Length
	w, h    vg.Length
	top     vg.Length // room for titles and legends, so that axes are in line
}

// newPanelRow lays out a row in a figure of so many columns.
func newPanelRow(plots []*Plot, columns int) panelRow {
	usual := panelSize[columns]
	row := panelRow{plots: plots, w: -panelGap}
	for _, p := range plots {
		w := usual[0]
		if p.Width > 0 {
			w = vg.Length(p.Width)
		}
		row.widths = append(row.widths, w)
		row.w += w + panelGap
		row.top = max(row.top, p.top(w))
	}
	for i, p := range plots {
		h := p.height(row.widths[i], usual[1], row.top)
		row.heights = append(row.heights, h)
		row.h = max(row.h, h)
	}
	return row
}

// draw draws the row along the canvas's upper edge.
func (row panelRow) draw(c draw.Canvas) {
	left := c.Min.X
	for i, p := range row.plots {
		p.draw(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: left, Y: c.Max.Y - row.heights[i]},
			Max: vg.Point{X: left + row.widths[i], Y: c.Max.Y},
		}}, row.top)
		left += row.widths[i] + panelGap
	}
}

// describe says in words what the panel holds.
func (p *Plot) describe() string {
	x, y := p.ranges()
	kind := map[bool]string{true: ", logarithmic"}
	text := fmt.Sprintf("x-axis %s from %.3g to %.3g%s; y-axis %s from %.3g to %.3g%s",
		p.xName, x[0], x[1], kind[p.LogX], p.yName, y[0], y[1], kind[p.LogY])
	if p.Title != "" {
		text = p.Title + ": " + text
	}
	for _, l := range p.layers {
		text += "; " + l.kind
		if n := max(len(l.xs), len(l.ys)); l.kind == "points" || l.kind == "arrows" {
			text += fmt.Sprintf(" (%d)", n)
		}
		if label := l.label(p); label != "" {
			text += " “" + label + "”"
		}
	}
	return text + "."
}

// check refuses a picture without alt text.
func (p *Picture) check() error {
	if strings.TrimSpace(p.alt) == "" {
		return errors.New("show: a figure needs alt text: say what it shows to a reader who cannot see it")
	}
	return nil
}

// pad is the card's margin in px.
const pad = 10

// paint draws the picture on its card.
func (p *Picture) paint(canvas vg.Canvas) (err error) {
	defer func() { // gonum and the layers panic on what they cannot draw
		if r := recover(); r != nil {
			err = fmt.Errorf("show: cannot draw the figure: %v", r)
		}
	}()
	c := draw.NewCanvas(canvas, p.w+2*pad, p.h+2*pad)
	c.SetColor(card)
	c.Fill(c.Rectangle.Path())
	p.draw(draw.Canvas{Canvas: canvas, Rectangle: vg.Rectangle{ // not draw.Crop, which would hide what canvas is
		Min: vg.Point{X: pad, Y: pad}, Max: vg.Point{X: p.w + pad, Y: p.h + pad},
	}})
	return nil
}

// SVG returns the picture as an SVG document. Its text is text, its title is the
// alt text, and equal pictures have equal bytes.
func (p *Picture) SVG() ([]byte, error) {
	canvas := newSVG(p.h + 2*pad)
	if err := p.paint(canvas); err != nil {
		return nil, err
	}
	return canvas.document(p.w+2*pad, p.alt, p.description), nil
}

// PNG returns the picture with 1.5 pixels for each px, in at most 256 colours.
func (p *Picture) PNG() ([]byte, error) {
	canvas := newRaster(p.w+2*pad, p.h+2*pad)
	if err := p.paint(canvas); err != nil {
		return nil, err
	}
	return canvas.bytes()
}

// Bundle returns the picture in all formats of a notebook's output.
func (p *Picture) Bundle() (Bundle, error) {
	svg, err := p.SVG()
	if err != nil {
		return Bundle{}, err
	}
	pixels, err := p.PNG()
	if err != nil {
		return Bundle{}, err
	}
	return Bundle{
		Text: p.alt,
		HTML: fmt.Sprintf(`<figure style="margin:0"><img alt="%s" width="%s" style="max-width:100%%;height:auto" src="data:image/svg+xml;base64,%s"></figure>`,
			html.EscapeString(p.alt), decimal(float64(p.w+2*pad)), base64.StdEncoding.EncodeToString(svg)),
		PNG: pixels,
	}, nil
}

// Display shows the picture: in a notebook as SVG and PNG, elsewhere its alt text.
func (p *Picture) Display() error {
	if !InNotebook() {
		return Display(Bundle{Text: "Figure: " + p.alt})
	}
	b, err := p.Bundle()
	if err != nil {
		return err
	}
	return Display(b)
}
