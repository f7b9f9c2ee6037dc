package show

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Table shows rows under a header, with a caption that says what they are; see
// TableBundle. It panics on misuse.
func Table(caption string, header []string, rows [][]any) {
	must(Display(TableBundle(caption, header, rows)))
}

// TableBundle renders a table as HTML that a screen reader can walk (caption,
// column and row headings) and as text in aligned columns. The first column names
// the rows. Floats are written with four significant digits, anything else as by
// fmt.Print; give a string to choose. Columns of numbers are aligned to the right.
// It panics if a row is not as long as the header.
func TableBundle(caption string, header []string, rows [][]any) Bundle {
	cells := [][]string{header}
	right := make([]bool, len(header))
	for column := range right {
		right[column] = column > 0 && len(rows) > 0
	}
	for i, row := range rows {
		if len(row) != len(header) {
			panic(fmt.Sprintf("show: Table: row %d has %d cells under %d headings", i+1, len(row), len(header)))
		}
		line := make([]string, len(row))
		for column, value := range row {
			line[column] = cellText(value)
			right[column] = right[column] && isNumber(line[column])
		}
		cells = append(cells, line)
	}
	return Bundle{Text: tableText(caption, cells, right), HTML: tableHTML(caption, cells, right)}
}

// cellText writes one value.
func cellText(value any) string {
	switch v := value.(type) {
	case float64:
		return strings.ReplaceAll(strconv.FormatFloat(v, 'g', 4, 64), "-", "−")
	case float32:
		return cellText(float64(v))
	}
	return fmt.Sprint(value)
}

// isNumber reports whether a cell reads as a number, perhaps with a sign of
// comparison before it or a unit after it; what stands for a number does too.
func isNumber(s string) bool {
	switch s = strings.TrimLeft(s, "<>≤≥=± −-+."); s {
	case "", "–", "NaN", "Inf", "true", "false":
		return true
	}
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.IsDigit(first)
}

// tableText aligns the columns with spaces.
func tableText(caption string, cells [][]string, right []bool) string {
	widths := make([]int, len(right))
	for _, row := range cells {
		for i, s := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(s))
		}
	}
	var out strings.Builder
	if caption != "" {
		out.WriteString(caption + "\n")
	}
	for n, row := range cells {
		var line strings.Builder
		for i, s := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(s))
			if i > 0 {
				line.WriteString("  ")
			}
			if right[i] {
				s, space = space, s
			}
			line.WriteString(s + space)
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		if n == 0 {
			for i, w := range widths {
				if i > 0 {
					out.WriteString("  ")
				}
				out.WriteString(strings.Repeat("─", w))
			}
			out.WriteString("\n")
		}
	}
	return strings.TrimRight(out.String(), "\n")
}

// tableHTML writes headings with their scope.
func tableHTML(caption string, cells [][]string, right []bool) string {
	var out strings.Builder
	out.WriteString("<table>\n")
	if caption != "" {
		fmt.Fprintf(&out, "<caption>%s</caption>\n", html.EscapeString(caption))
	}
	for n, row := range cells {
		switch n {
		case 0:
			out.WriteString("<thead>\n")
		case 1:
			out.WriteString("<tbody>\n")
		}
		out.WriteString("<tr>")
		for i, s := range row {
			tag, scope := "td", ""
			switch {
			case n == 0:
				tag, scope = "th", ` scope="col"`
			case i == 0:
				tag, scope = "th", ` scope="row"`
			}
			side := "left"
			if right[i] {
				side = "right"
			}
			fmt.Fprintf(&out, `<%s%s style="text-align:%s">%s</%s>`, tag, scope, side, html.EscapeString(s), tag)
		}
		out.WriteString("</tr>\n")
		if n == 0 {
			out.WriteString("</thead>\n")
		}
	}
	if len(cells) > 1 {
		out.WriteString("</tbody>\n")
	}
	out.WriteString("</table>")
	return out.String()
}
