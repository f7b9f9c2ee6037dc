package show

import (
	"bytes"
	"image"
	"image/draw"
	"math"
	"slices"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// pixelsPerPx is the resolution of PNGs: sharp enough for print in a column,
// small enough for a notebook.
const pixelsPerPx = 1.5

// A rasterCanvas is gonum's picture canvas with three differences: long lines are
// drawn in pieces, pictures are enlarged without blurring, and text may hold ∇ and
// accents.
type rasterCanvas struct {
	*vgimg.Canvas
	dashed bool
}

// newRaster returns a canvas of a size in px, filled with the card's colour.
func newRaster(w, h vg.Length) *rasterCanvas {
	return &rasterCanvas{Canvas: vgimg.NewWith(
		vgimg.UseWH(w, h), vgimg.UseDPI(72*pixelsPerPx), vgimg.UseBackgroundColor(card))}
}

// bytes returns the finished PNG.
func (c *rasterCanvas) bytes() ([]byte, error) {
	var out bytes.Buffer
	err := compactPNG.Encode(&out, indexed(c.Image().(*image.RGBA)))
	return out.Bytes(), err
}

func (c *rasterCanvas) SetLineDash(dashes []vg.Length, offset vg.Length) {
	c.dashed = len(dashes) > 0
	c.Canvas.SetLineDash(dashes, offset)
}

// Stroke draws a solid line in pieces of 64 vertices: the rasteriser's time grows
// with the square of the vertices that cross one row of pixels.
func (c *rasterCanvas) Stroke(path vg.Path) {
	const piece = 64
	bent := func(part vg.PathComp) bool { return part.Type != vg.MoveComp && part.Type != vg.LineComp }
	if c.dashed || slices.ContainsFunc(path, bent) {
		c.Canvas.Stroke(path)
		return
	}
	for at := 0; at < len(path); at += piece {
		part := slices.Clone(path[max(at-1, 0):min(at+piece, len(path))])
		part[0].Type = vg.MoveComp
		c.Canvas.Stroke(part)
	}
}

// DrawImage enlarges by repeating pixels. It knows no transforms: pictures are
// drawn upright only.
func (c *rasterCanvas) DrawImage(r vg.Rectangle, img image.Image) {
	_, height := c.Size()
	pixel := func(v vg.Length) int { return int(math.Round(float64(v) * pixelsPerPx)) }
	to := image.Rect(pixel(r.Min.X), pixel(height-r.Max.Y), pixel(r.Max.X), pixel(height-r.Min.Y))
	large := image.NewNRGBA(to)
	from := img.Bounds()
	for y := to.Min.Y; y < to.Max.Y; y++ {
		row := from.Min.Y + (y-to.Min.Y)*from.Dy()/to.Dy()
		for x := to.Min.X; x < to.Max.X; x++ {
			large.Set(x, y, img.At(from.Min.X+(x-to.Min.X)*from.Dx()/to.Dx(), row))
		}
	}
	draw.Draw(c.Image(), to, large, to.Min, draw.Over)
}

// accents are the spacing forms of the combining marks that go over a letter.
var accents = map[rune]string{'\u0302': "ˆ", '\u0303': "˜", '\u0304': "¯"}

// FillString draws text. Two things that the face cannot do are done here: ∇ is
// drawn as a triangle of a letter's size, and accents are set over their letter.
func (c *rasterCanvas) FillString(face font.Face, at vg.Point, s string) {
	start, last := 0, vg.Length(0) // of the run not drawn yet; width of its last letter
	flush := func(end int) {
		c.Canvas.FillString(face, at, s[start:end])
		at.X += face.Width(s[start:end])
	}
	for i, r := range s {
		accent, over := accents[r]
		switch {
		case over:
			flush(i)
			middle := at.X - last/2
			c.Canvas.FillString(face, vg.Point{X: middle - face.Width(accent)/2, Y: at.Y}, accent)
			start = i + len(string(r))
		case r == '∇' && !knows(face, "∇"):
			flush(i)
			c.nabla(face, at)
			at.X += face.Width("∇")
			start = i + len("∇")
		}
		last = face.Width(string(r))
	}
	flush(len(s))
}

// nabla draws ∇ in the room that the layout left for it.
func (c *rasterCanvas) nabla(face font.Face, at vg.Point) {
	width, height := face.Width("∇"), face.Font.Size*0.7
	side := width * 0.08
	var p vg.Path
	p.Move(vg.Point{X: at.X + side, Y: at.Y + height})
	p.Line(vg.Point{X: at.X + width/2, Y: at.Y})
	p.Line(vg.Point{X: at.X + width - side, Y: at.Y + height})
	p.Close()
	c.SetLineWidth(face.Font.Size * 0.09)
	c.SetLineDash(nil, 0)
	c.Stroke(p)
}
