package show

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"math"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// An svgCanvas is a vg.Canvas that writes SVG: 1 unit of length is 1 px, all
// transforms are applied before writing, neighbours of the same style share it.
// Gonum's own SVG canvas is not used because it repeats the style at each shape,
// names one font without a fallback and labels PNG data as JPEG.
type svgCanvas struct {
	body   bytes.Buffer
	height float64
	now    pen
	saved  []pen
	style  string // of the open group
	path   []byte // gathered under that style
	at     [2]int // the current point of path, in tenths of a px
	start  [2]int // of its last part
}

// A pen is what Push saves. The matrix maps (x, y) to
// (m[0]·x + m[1]·y + m[2], m[3]·x + m[4]·y + m[5]), y upwards.
type pen struct {
	color  color.NRGBA
	width  vg.Length
	dashes []vg.Length
	offset vg.Length
	m      [6]float64
}

// fonts is the family of all text: the face that the layout is measured with, its
// equals in width on other systems, and whatever the reader has.
const fonts = "'Liberation Sans',Arial,Helvetica,'DejaVu Sans',sans-serif"

// newSVG returns an empty canvas of a height in px.
func newSVG(height vg.Length) *svgCanvas {
	c := &svgCanvas{height: float64(height)}
	c.now.m = [6]float64{1, 0, 0, 0, 1, 0}
	vg.Initialize(c)
	return c
}

// document returns the finished SVG with its title (the alt text) and description.
func (c *svgCanvas) document(width vg.Length, alt, description string) []byte {
	c.closeGroup()
	var out bytes.Buffer
	alt = html.EscapeString(alt)
	w, h := decimal(float64(width)), decimal(c.height)
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" role="img" aria-label="%s" font-family="%s">`,
		w, h, w, h, alt, fonts)
	fmt.Fprintf(&out, "\n<title>%s</title>\n<desc>%s</desc>\n", alt, html.EscapeString(description))
	out.Write(c.body.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func (c *svgCanvas) SetLineWidth(w vg.Length) { c.now.width = w }
func (c *svgCanvas) SetLineDash(dashes []vg.Length, offset vg.Length) {
	c.now.dashes, c.now.offset = dashes, offset
}
func (c *svgCanvas) SetColor(clr color.Color) {
	if clr == nil {
		clr = color.Black
	}
	c.now.color = color.NRGBAModel.Convert(clr).(color.NRGBA)
}
func (c *svgCanvas) Push() { c.saved = append(c.saved, c.now) }
func (c *svgCanvas) Pop() {
	c.now = c.saved[len(c.saved)-1]
	c.saved = c.saved[:len(c.saved)-1]
}

func (c *svgCanvas) Rotate(angle float64) {
	sin, cos := math.Sincos(angle)
	c.transform([6]float64{cos, -sin, 0, sin, cos, 0})
}
func (c *svgCanvas) Translate(by vg.Point) {
	c.transform([6]float64{1, 0, float64(by.X), 0, 1, float64(by.Y)})
}
func (c *svgCanvas) Scale(x, y float64) { c.transform([6]float64{x, 0, 0, 0, y, 0}) }

// transform applies n before what is already there.
func (c *svgCanvas) transform(n [6]float64) {
	m := c.now.m
	c.now.m = [6]float64{
		m[0]*n[0] + m[1]*n[3], m[0]*n[1] + m[1]*n[4], m[0]*n[2] + m[1]*n[5] + m[2],
		m[3]*n[0] + m[4]*n[3], m[3]*n[1] + m[4]*n[4], m[3]*n[2] + m[4]*n[5] + m[5],
	}
}

// place maps a point to the page, y downwards.
func (c *svgCanvas) place(x, y vg.Length) (px, py float64) {
	m, fx, fy := c.now.m, float64(x), float64(y)
	return m[0]*fx + m[1]*fy + m[2], c.height - (m[3]*fx + m[4]*fy + m[5])
}

func (c *svgCanvas) Stroke(path vg.Path) {
	if c.now.width <= 0 {
		return
	}
	style := `fill="none" stroke-linejoin="round" stroke="` + hex(c.now.color) + `" stroke-width="` + decimal(float64(c.now.width)) + `"`
	if c.now.color.A < 0xff {
		style += ` stroke-opacity="` + decimal(float64(c.now.color.A)/255) + `"`
	}
	if len(c.now.dashes) > 0 {
		style += ` stroke-dasharray="`
		for i, d := range c.now.dashes {
			if i > 0 {
				style += " "
			}
			style += decimal(float64(d))
		}
		style += `" stroke-dashoffset="` + decimal(float64(c.now.offset)) + `"`
	}
	c.draw(style, path)
}

func (c *svgCanvas) Fill(path vg.Path) {
	style := `fill="` + hex(c.now.color) + `"`
	if c.now.color.A < 0xff {
		style += ` fill-opacity="` + decimal(float64(c.now.color.A)/255) + `"`
	}
	c.draw(style, path)
}

// FillString writes text as text. Where the measured face knows all of it, its
// width is fixed, so that another font cannot break the layout.
func (c *svgCanvas) FillString(face font.Face, at vg.Point, s string) {
	c.closeGroup()
	x, y := c.place(at.X, at.Y)
	where := fmt.Sprintf(`x="%s" y="%s"`, decimal(x), decimal(y))
	if angle := math.Atan2(c.now.m[3], c.now.m[0]); angle != 0 {
		where += fmt.Sprintf(` transform="rotate(%s %s %s)"`, decimal(-angle*180/math.Pi), decimal(x), decimal(y))
	}
	if len(s) > 3 && knows(face, s) {
		where += fmt.Sprintf(` textLength="%s" lengthAdjust="spacingAndGlyphs"`, decimal(float64(face.Width(s))))
	}
	fmt.Fprintf(&c.body, `<text %s font-size="%s" fill="%s">%s</text>`+"\n",
		where, decimal(float64(face.Font.Size)), hex(c.now.color), html.EscapeString(s))
}

// knows reports whether the face has a glyph for every character.
func knows(face font.Face, s string) bool {
	for _, r := range s {
		if i, err := face.Face.GlyphIndex(nil, r); err != nil || i == 0 {
			return false
		}
	}
	return true
}

// DrawImage embeds the picture as PNG; its pixels stay sharp when enlarged.
func (c *svgCanvas) DrawImage(r vg.Rectangle, img image.Image) {
	c.closeGroup()
	x, y := c.place(r.Min.X, r.Max.Y)
	size := r.Size()
	var data bytes.Buffer
	if err := compactPNG.Encode(&data, img); err != nil {
		panic(fmt.Errorf("show: encode picture: %w", err))
	}
	fmt.Fprintf(&c.body, `<image x="%s" y="%s" width="%s" height="%s" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,%s"/>`+"\n",
		decimal(x), decimal(y), decimal(float64(size.X)), decimal(float64(size.Y)),
		base64.StdEncoding.EncodeToString(data.Bytes()))
}

var compactPNG = png.Encoder{CompressionLevel: png.BestCompression}

func (c *svgCanvas) closePath() {
	if len(c.path) > 0 {
		fmt.Fprintf(&c.body, `<path d="%s"/>`+"\n", c.path)
		c.path, c.at = c.path[:0], [2]int{}
	}
}

func (c *svgCanvas) closeGroup() {
	c.closePath()
	if c.style != "" {
		c.body.WriteString("</g>\n")
		c.style = ""
	}
}
