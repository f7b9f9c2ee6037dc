package show

import (
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
)

// typeface is the one face of all text. A cell links only this one: gonum's plot
// package itself, which is not imported, brings twelve and the writers of PDF,
// EPS and LaTeX, 5.4 MB.
var typeface = font.Font{Typeface: "Liberation", Variant: "Sans"}

// textHandler measures and places text in typeface.
var textHandler = func() text.Handler {
	face, err := opentype.Parse(liberationsansregular.TTF)
	if err != nil {
		panic(err) // the linked font is damaged
	}
	return text.Plain{Fonts: font.NewCache(font.Collection{{Font: typeface, Face: face}})}
}()
