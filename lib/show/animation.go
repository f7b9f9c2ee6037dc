package show

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Frames are points that move: particles under a sampler, one frame for each step
// that is shown.
type Frames struct {
	X, Y    [][]float64 // of each frame; points that are not finite are left out
	Labels  []string    // what each frame is, in its corner: "σ = 3.2"; nil: none
	Style   Style
	Seconds float64 // that one pass takes; 0: a tenth for each frame
}

// animationLimit is how many bytes of SVG an animation may take: a lesson holds
// several figures in 1.5 MB.
const animationLimit = 300_000

// Animation shows points moving over a panel; see DrawAnimation. It panics on
// misuse.
func Animation(alt string, panel *Plot, f Frames) {
	picture, err := DrawAnimation(alt, panel, f)
	must(err)
	must(picture.Display())
}

// DrawAnimation draws the panel with the frames over its layers, one after the
// other, again and again; the last one stays for a while. The SVG moves by itself,
// without a script, also in an exported page. Its last frame is what stands still:
// where readers ask for less motion, where a viewer does not animate, and in PNG.
// The axes hold the points of all frames. The alt text is required, as in Draw; it
// says what the movement shows. 40 frames of 300 points take 150 kB; more than 300
// kB are refused.
func DrawAnimation(alt string, panel *Plot, f Frames) (*Picture, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	animated := *panel
	animated.layers = append(slices.Clone(panel.layers), f.layer())
	picture, err := Draw(alt, &animated)
	if err != nil {
		return nil, err
	}
	svg, err := picture.SVG()
	if err != nil {
		return nil, err
	}
	if len(svg) > animationLimit {
		return nil, fmt.Errorf("show: an animation of %d bytes, more than %d: give fewer frames or fewer points", len(svg), animationLimit)
	}
	return picture, nil
}

// check says what is wrong with the frames.
func (f Frames) check() error {
	if len(f.X) == 0 || len(f.X) != len(f.Y) {
		return fmt.Errorf("show: an animation of %d frames of x and %d of y: give equally many, at least one", len(f.X), len(f.Y))
	}
	for i := range f.X {
		if len(f.X[i]) != len(f.Y[i]) {
			return fmt.Errorf("show: frame %d has %d values of x and %d of y", i+1, len(f.X[i]), len(f.Y[i]))
		}
	}
	if f.Labels != nil && len(f.Labels) != len(f.X) {
		return fmt.Errorf("show: %d labels for %d frames", len(f.Labels), len(f.X))
	}
	if f.Seconds < 0 || math.IsNaN(f.Seconds) || math.IsInf(f.Seconds, 0) {
		return errors.New("show: an animation takes a finite time")
	}
	return nil
}

// layer is the frames as one layer of a panel.
func (f Frames) layer() layer {
	xs, ys := slices.Concat(f.X...), slices.Concat(f.Y...)
	frames := make([]func(v view), len(f.X))
	for i := range frames {
		x, y, label := slices.Clone(f.X[i]), slices.Clone(f.Y[i]), ""
		if f.Labels != nil {
			label = f.Labels[i]
		}
		frames[i] = func(v view) { v.frame(x, y, label, f.Style) }
	}
	seconds := f.Seconds
	if seconds == 0 {
		seconds = float64(len(frames)) / 10
	}
	return layer{kind: fmt.Sprintf("points moving in %d frames", len(frames)), xs: xs, ys: ys, style: f.Style,
		draw: func(v view) {
			if c, ok := v.Canvas.Canvas.(*svgCanvas); ok {
				c.animate(seconds, len(frames), func(i int) { frames[i](v) })
				return
			}
			frames[len(frames)-1](v)
		},
		key: func(c draw.Canvas) { f.Style.mark(c, c.Center(), f.Style.size(markerSize[f.Style.Marker]), 1) },
	}
}

// frame draws one frame: its points, and its label in the upper right corner.
func (v view) frame(xs, ys []float64, label string, s Style) {
	seen := v.inside(xs, ys)
	radius := s.size(markerSize[s.Marker])
	if c, ok := v.Canvas.Canvas.(*svgCanvas); ok && s.Marker == Dot {
		c.SetColor(s.color(0.8))
		c.dots(seen, radius)
	} else {
		for _, at := range seen {
			s.mark(v.Canvas, at, radius, 0.8)
		}
	}
	if label != "" {
		style := textStyle(12, draw.XRight, draw.YTop)
		corner := vg.Point{X: v.Max.X - 6, Y: v.Max.Y - 5}
		v.plate(style, corner, label)
		v.FillText(style, corner, label)
	}
}

// plate fills the ground of a text that hangs left and down from a corner, so that
// it can be read on a heat map.
func (v view) plate(s text.Style, corner vg.Point, label string) {
	const margin = 3
	v.SetColor(card)
	v.Fill(vg.Rectangle{
		Min: vg.Point{X: corner.X - s.Width(label) - margin, Y: corner.Y - s.FontExtents().Height - margin},
		Max: vg.Point{X: corner.X + margin, Y: corner.Y + margin},
	}.Path())
}

// animate writes n frames of which one is seen at a time. Each runs through the
// same cycle, begun so much earlier that its turn comes in order.
func (c *svgCanvas) animate(seconds float64, n int, frame func(i int)) {
	c.closeGroup()
	stay := max(n/5, 1) // turns that the last frame is seen for longer
	cycle := seconds * float64(n+stay) / float64(n)
	turn := 100 / float64(n+stay) // percent
	fmt.Fprintf(&c.body, `<style>.f{visibility:hidden;animation:f %ss steps(1) infinite}.l{visibility:visible;animation-name:l}`+
		`@keyframes f{0%%{visibility:visible}%.4f%%,to{visibility:hidden}}@keyframes l{0%%{visibility:visible}%.4f%%,to{visibility:hidden}}`+
		`@media(prefers-reduced-motion:reduce){.f{animation:none}}</style>`+"\n", decimal(cycle), turn, turn*float64(1+stay))
	for i := range n {
		class := "f"
		if i == n-1 {
			class = "f l"
		}
		fmt.Fprintf(&c.body, `<g class="%s" style="animation-delay:%.3fs">`+"\n", class, seconds*float64(i)/float64(n)-cycle)
		frame(i)
		c.closeGroup()
		c.body.WriteString("</g>\n")
	}
}

// dots writes discs of one radius as the round caps of lines without length, a
// third of the bytes of circles. They do not darken where they overlap.
func (c *svgCanvas) dots(points []vg.Point, radius vg.Length) {
	style := fmt.Sprintf(`fill="none" stroke-linecap="round" stroke="%s" stroke-opacity="%s" stroke-width="%s"`,
		hex(c.now.color), decimal(float64(c.now.color.A)/255), decimal(2*float64(radius)))
	c.closeGroup()
	c.style = style
	fmt.Fprintf(&c.body, "<g %s>\n", style)
	for _, at := range points {
		c.command('m', at)
		c.path = append(c.path, "h0"...)
	}
}
