package setup

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
)

// The logo is a tilted double well, E(x) = (x²−1)² + 0.15·x, with a ball at rest
// in the lower one: the energy curve that the lessons begin with.
const (
	logoXMax  = 1.5  // the curve is drawn for −logoXMax ≤ x ≤ logoXMax
	logoEMax  = 1.9  // the energy at the top edge of the curve
	logoEMin  = -0.4 // the energy at its bottom edge
	logoLine  = 0.075
	logoBall  = 0.095
	logoRound = 0.18 // all in units of the logo's side
)

var (
	logoGround = color.NRGBA{0x0b, 0x3c, 0x5d, 0xff}
	logoCurve  = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	logoAccent = color.NRGBA{0xe6, 0x9f, 0x00, 0xff}
)

// point is a place in the logo; (0, 0) is its top left corner, (1, 1) its bottom right.
type point struct{ x, y float64 }

// logoAt returns the curve's point at x.
func logoAt(x float64) point {
	e := (x*x-1)*(x*x-1) + 0.15*x
	return point{0.5 + 0.4*x/logoXMax, 0.12 + 0.76*(logoEMax-e)/(logoEMax-logoEMin)}
}

// logoPoints are points along the curve.
func logoPoints() []point {
	points := make([]point, 49)
	for i := range points {
		points[i] = logoAt(-logoXMax + 2*logoXMax*float64(i)/float64(len(points)-1))
	}
	return points
}

// logoRest is the ball's centre: it touches the curve from above in the left well.
func logoRest() point {
	p := logoAt(-1.02)
	p.y -= logoBall + logoLine/2
	return p
}

func logoSVG() []byte {
	var path strings.Builder
	for i, p := range logoPoints() {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&path, "%s%.2f %.2f", command, 64*p.x, 64*p.y)
	}
	hex := func(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
	ball := logoRest()
	var svg bytes.Buffer
	fmt.Fprintln(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img"><title>Gibbs: a ball in an energy well</title>`)
	fmt.Fprintf(&svg, "<rect width=\"64\" height=\"64\" rx=\"%.2f\" fill=\"%s\"/>\n", 64*logoRound, hex(logoGround))
	fmt.Fprintf(&svg, "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.2f\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/>\n", path.String(), hex(logoCurve), 64*logoLine)
	fmt.Fprintf(&svg, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.2f\" fill=\"%s\"/>\n</svg>\n", 64*ball.x, 64*ball.y, 64*logoBall, hex(logoAccent))
	return svg.Bytes()
}

// logoPNG draws the logo with n×n pixels. An edge's pixel is covered by as much
// as its centre's distance says.
func logoPNG(n int) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, n, n))
	points, ball := logoPoints(), logoRest()
	for py := range n {
		for px := range n {
			p := point{(float64(px) + 0.5) / float64(n), (float64(py) + 0.5) / float64(n)}
			inside := func(distance float64) float64 { return min(max(0.5-distance*float64(n), 0), 1) }
			curve := math.Inf(1)
			for i := 1; i < len(points); i++ {
				curve = min(curve, segmentDistance(p, points[i-1], points[i]))
			}
			c := mix(logoGround, logoCurve, inside(curve-logoLine/2))
			c = mix(c, logoAccent, inside(math.Hypot(p.x-ball.x, p.y-ball.y)-logoBall))
			c.A = uint8(math.Round(255 * inside(squareDistance(p))))
			img.SetNRGBA(px, py, c)
		}
	}
	var out bytes.Buffer
	_ = png.Encode(&out, img) // a buffer takes everything, and the size is positive
	return out.Bytes()
}

// segmentDistance is the distance of p from the segment ab.
func segmentDistance(p, a, b point) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	t := min(max(((p.x-a.x)*dx+(p.y-a.y)*dy)/(dx*dx+dy*dy), 0), 1)
	return math.Hypot(p.x-a.x-t*dx, p.y-a.y-t*dy)
}

// squareDistance is the signed distance of p from the rounded unit square: negative inside.
func squareDistance(p point) float64 {
	dx, dy := math.Abs(p.x-0.5)-(0.5-logoRound), math.Abs(p.y-0.5)-(0.5-logoRound)
	return math.Hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - logoRound
}

// mix blends b over a with weight w.
func mix(a, b color.NRGBA, w float64) color.NRGBA {
	blend := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-w) + float64(b)*w)) }
	return color.NRGBA{blend(a.R, b.R), blend(a.G, b.G), blend(a.B, b.B), 255}
}
