package show

import (
	"cmp"
	"image"
	"image/color"
	"slices"
)

// indexed reduces an opaque picture to 256 colours, which makes its PNG about
// three times smaller. Colours that agree in their upper bits count as one; the 256
// most frequent stay, and each other takes the nearest of them.
func indexed(img *image.RGBA) *image.Paletted {
	type bin struct{ n, r, g, b, key int }
	key := func(p []uint8) int { return int(p[0]>>3)<<11 | int(p[1]>>2)<<5 | int(p[2]>>3) }
	bins := make([]bin, 1<<16)
	for at := 0; at < len(img.Pix); at += 4 {
		p := img.Pix[at:]
		b := &bins[key(p)]
		b.n, b.r, b.g, b.b = b.n+1, b.r+int(p[0]), b.g+int(p[1]), b.b+int(p[2])
	}
	var used []bin
	for k, b := range bins {
		if b.n > 0 {
			b.key = k
			used = append(used, b)
		}
	}
	slices.SortStableFunc(used, func(a, b bin) int { return cmp.Compare(b.n, a.n) })
	var palette color.Palette
	index := make([]uint8, 1<<16)
	for i, b := range used {
		mean := color.RGBA{uint8(b.r / b.n), uint8(b.g / b.n), uint8(b.b / b.n), 0xff}
		if i < 256 {
			palette = append(palette, mean)
			index[b.key] = uint8(i)
		} else {
			index[b.key] = uint8(palette.Index(mean))
		}
	}
	out := image.NewPaletted(img.Rect, palette)
	for i := range out.Pix {
		out.Pix[i] = index[key(img.Pix[4*i:])]
	}
	return out
}
