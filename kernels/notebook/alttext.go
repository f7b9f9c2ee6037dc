package notebook

import (
	"fmt"
	"html"
	"regexp"
	"strings"
)

// checkAltText looks for pictures that say nothing to those who do not see them,
// in text cells and in outputs.
func checkAltText(nb *Notebook) []Finding {
	var found []Finding
	number := 0 // of the last code cell
	for i := range nb.Cells {
		cell := &nb.Cells[i]
		switch cell.Kind {
		case Markdown:
			for _, what := range muteMarkdown(cell.Source) {
				found = append(found, Finding{fmt.Sprintf("text before cell %d", number+1), what})
			}
		case Code:
			number++
			for _, output := range cell.Outputs {
				for _, what := range muteOutput(output.Data) {
					found = append(found, Finding{fmt.Sprintf("cell %d", number), what})
				}
			}
		}
	}
	return found
}

// muteOutput returns the pictures without alt text of one output. A raster image
// has its alt text in the HTML form beside it.
func muteOutput(data map[string]any) []string {
	var what []string
	page, _ := data["text/html"].(string)
	for mime, value := range data {
		text, _ := value.(string)
		switch {
		case mime == "text/html", mime == "image/svg+xml":
			what = append(what, muteHTML(text)...)
		case mime == "text/markdown":
			what = append(what, muteMarkdown(text)...)
		case strings.HasPrefix(mime, "image/") && !strings.Contains(page, "<img") && !strings.Contains(page, "<svg"):
			what = append(what, mime+" without an HTML form that holds its alt text")
		}
	}
	return what
}

var (
	// picture matches the opening tag of an image, quoted values whole.
	picture = regexp.MustCompile(`(?i)<(img|svg)\b(?:"[^"]*"|'[^']*'|[^'">])*>`)
	// label matches an attribute that names a picture; its value is not empty.
	label   = regexp.MustCompile(`(?i)\s(?:alt|aria-label|aria-labelledby)\s*=\s*(?:"\s*[^"\s][^"]*"|'\s*[^'\s][^']*')`)
	hidden  = regexp.MustCompile(`(?i)\saria-hidden\s*=\s*["']true["']`)
	titled  = regexp.MustCompile(`(?is)^\s*<title\b[^>]*>\s*[^<\s]`)
	inImage = regexp.MustCompile(`!\[([^\]]*)\]\(`)
	inCode  = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
)

// muteHTML returns the img and svg elements that have neither a label nor, for
// svg, a title, and are not marked as decoration.
func muteHTML(page string) []string {
	var what []string
	for _, at := range picture.FindAllStringSubmatchIndex(page, -1) {
		tag, kind := page[at[0]:at[1]], strings.ToLower(page[at[2]:at[3]])
		if label.MatchString(tag) || hidden.MatchString(tag) || kind == "svg" && titled.MatchString(page[at[1]:]) {
			continue
		}
		what = append(what, kind+" without alt text: "+html.UnescapeString(firstLine(tag)))
	}
	return what
}

// muteMarkdown returns the images of a text that have no alt text.
func muteMarkdown(text string) []string {
	text = inCode.ReplaceAllString(text, "")
	what := muteHTML(text)
	for _, match := range inImage.FindAllStringSubmatch(text, -1) {
		if strings.TrimSpace(match[1]) == "" {
			what = append(what, "image without alt text")
		}
	}
	return what
}
