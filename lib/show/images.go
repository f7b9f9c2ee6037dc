package show

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	pixels "image/draw"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// An ImageGrid is a table of grey-scale images, one row for each kind: clean,
// noisy, denoised.
type ImageGrid struct {
	Rows    []ImageRow
	Columns []string // above each column; nil: none
	Lo, Hi  float64  // black and white; both 0: 0 and 1. Values outside are clipped
	Side    float64  // px of an image's longer side; 0: what fits, from 24 to 96
}

// An ImageRow is one row of images of equal size.
type ImageRow struct {
	Label         string    // to the left of the row
	Width, Height int       // pixels of one image
	Pixels        []float32 // [images, Height, Width]
	Captions      []string  // below each image, as "14.2 dB"; nil: none
}

// Images shows a grid of images; see DrawImages. It panics on misuse.
func Images(alt string, grid ImageGrid) {
	picture, err := DrawImages(alt, grid)
	must(err)
	must(picture.Display())
}

// DrawImages lays a grid of images out as one picture, enlarged without blurring.
// A pixel that is not finite is orange. The alt text is required, as in Draw.
func DrawImages(alt string, grid ImageGrid) (*Picture, error) {
	columns, err := grid.check()
	if err != nil {
		return nil, err
	}
	cell := grid.Side
	if cell == 0 {
		cell = min(max(math.Floor((780-float64(columns)*6)/float64(columns)), 24), 96)
	}
	layout := imageLayout{grid: grid, cell: vg.Length(cell)}
	for _, row := range grid.Rows {
		if row.Label != "" {
			layout.left = max(layout.left, rowStyle.Width(row.Label)+10)
		}
		layout.heights = append(layout.heights, layout.rowHeight(row))
	}
	if grid.Columns != nil {
		layout.top = columnStyle.FontExtents().Height + 4
	}
	picture := &Picture{
		alt: alt, draw: layout.draw,
		w: layout.left + vg.Length(columns)*(layout.cell+imageGap) - imageGap,
		h: layout.top - imageGap,
	}
	var about []string
	for i, row := range grid.Rows {
		picture.h += layout.heights[i] + imageGap
		about = append(about, fmt.Sprintf("Row %d %s: %d images of %d by %d pixels.",
			i+1, row.Label, row.images(), row.Width, row.Height))
	}
	picture.description = strings.Join(about, " ")
	return picture, picture.check()
}

// images returns how many images the row holds.
func (r ImageRow) images() int { return len(r.Pixels) / (r.Width * r.Height) }

// check returns the number of columns, or what is wrong with the grid.
func (g ImageGrid) check() (columns int, err error) {
	if len(g.Rows) == 0 {
		return 0, errors.New("show: a grid of images needs at least one row")
	}
	for i, row := range g.Rows {
		if row.Width < 1 || row.Height < 1 || len(row.Pixels) == 0 || len(row.Pixels)%(row.Width*row.Height) != 0 {
			return 0, fmt.Errorf("show: row %d (%s): %d pixels are not a number of images of %d by %d",
				i+1, row.Label, len(row.Pixels), row.Width, row.Height)
		}
		n := row.images()
		if row.Captions != nil && len(row.Captions) != n {
			return 0, fmt.Errorf("show: row %d (%s): %d captions for %d images", i+1, row.Label, len(row.Captions), n)
		}
		columns = max(columns, n)
	}
	if g.Columns != nil && len(g.Columns) != columns {
		return 0, fmt.Errorf("show: %d column names for %d columns of images", len(g.Columns), columns)
	}
	if g.Lo > g.Hi || g.Lo == g.Hi && g.Lo != 0 || math.IsNaN(g.Hi-g.Lo) || math.IsInf(g.Hi-g.Lo, 0) {
		return 0, fmt.Errorf("show: images from black %g to white %g: the ends must be finite and rise", g.Lo, g.Hi)
	}
	return columns, nil
}

// An imageLayout is a grid with its sizes in px.
type imageLayout struct {
	grid      ImageGrid
	cell      vg.Length
	left, top vg.Length
	heights   []vg.Length
}

const imageGap = 6 // between images, in px

var (
	rowStyle     = textStyle(13, draw.XRight, draw.YCenter)
	columnStyle  = textStyle(12, draw.XCenter, draw.YTop)
	captionStyle = textStyle(11, draw.XCenter, draw.YTop)
)

// size returns the px of an image of the row.
func (l imageLayout) size(row ImageRow) (w, h vg.Length) {
	longer := vg.Length(max(row.Width, row.Height))
	return l.cell * vg.Length(row.Width) / longer, l.cell * vg.Length(row.Height) / longer
}

// rowHeight returns the height of a row with its captions.
func (l imageLayout) rowHeight(row ImageRow) vg.Length {
	_, h := l.size(row)
	if row.Captions != nil {
		h += captionStyle.FontExtents().Height + 2
	}
	return h
}

// draw draws the grid.
func (l imageLayout) draw(c draw.Canvas) {
	middle := func(column int) vg.Length {
		return c.Min.X + l.left + vg.Length(column)*(l.cell+imageGap) + l.cell/2
	}
	for i, name := range l.grid.Columns {
		c.FillText(columnStyle, vg.Point{X: middle(i), Y: c.Max.Y}, name)
	}
	top := c.Max.Y - l.top
	for i, row := range l.grid.Rows {
		w, h := l.size(row)
		c.FillText(rowStyle, vg.Point{X: c.Min.X + l.left - 10, Y: top - h/2}, row.Label)
		for k := range row.images() {
			place := vg.Rectangle{
				Min: vg.Point{X: middle(k) - w/2, Y: top - h}, Max: vg.Point{X: middle(k) + w/2, Y: top},
			}
			c.DrawImage(place, l.grid.image(row, k))
			c.SetLineStyle(draw.LineStyle{Color: dataGrey, Width: 0.8})
			c.Stroke(place.Path())
			if row.Captions != nil {
				c.FillText(captionStyle, vg.Point{X: middle(k), Y: top - h - 2}, row.Captions[k])
			}
		}
		top -= l.heights[i] + imageGap
	}
}

// image returns image k of the row, in greys and one colour for what is no number.
func (g ImageGrid) image(row ImageRow, k int) image.Image {
	lo, hi := g.Lo, g.Hi
	if lo == hi {
		hi = 1
	}
	size := row.Width * row.Height
	grey := image.NewGray(image.Rect(0, 0, row.Width, row.Height)) // needs no palette
	var img pixels.Image = grey
	for i, v := range row.Pixels[k*size : (k+1)*size] {
		if t := (float64(v) - lo) / (hi - lo); usable(t, false) {
			img.Set(i%row.Width, i/row.Width, color.Gray{uint8(math.Round(255 * min(max(t, 0), 1)))})
			continue
		}
		if img == grey {
			img = image.NewNRGBA(grey.Rect)
			pixels.Draw(img, grey.Rect, grey, image.Point{}, pixels.Src)
		}
		img.Set(i%row.Width, i/row.Width, targetOrange)
	}
	return img
}
