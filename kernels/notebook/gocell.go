package notebook

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"strconv"
	"strings"
)

// goCell is a code cell taken apart as GoNB does: declarations, then after a
// line %% the body of main. Lines of special commands are kept as comments of
// the same number, so that line n of a part is line n + its offset of the cell.
type goCell struct {
	shell      []int // lines of shell commands, from 1
	decls      string
	body       string
	bodyOffset int // lines before body
}

// splitCell takes the source of a code cell apart.
func splitCell(source string) goCell {
	var cell goCell
	all := strings.Split(source, "\n")
	if magic, _, _ := strings.Cut(strings.TrimSpace(all[0]), " "); isScript(magic) {
		cell.shell = []int{1}
		return cell
	}
	if strings.HasPrefix(all[0], "%%writefile") {
		return cell
	}
	main := -1
	for i, line := range all {
		command := strings.TrimPrefix(line, "//gonb:")
		word, _, _ := strings.Cut(command, " ")
		switch {
		case main < 0 && (word == "%%" || word == "%main"):
			main = i
		case strings.HasPrefix(command, "!"):
			cell.shell = append(cell.shell, i+1)
			all[i] = "//"
		case strings.HasPrefix(command, "%"):
			all[i] = "//"
		}
	}
	if main < 0 {
		cell.decls = strings.Join(all, "\n")
		return cell
	}
	cell.decls = strings.Join(all[:main], "\n")
	cell.body, cell.bodyOffset = strings.Join(all[main+1:], "\n"), main+1
	return cell
}

func isScript(magic string) bool {
	return magic == "%%bash" || magic == "%%sh" || magic == "%%script"
}

// unformatted returns where the cell departs from gofmt, or "".
func (c goCell) unformatted() string {
	if at := unformatted(c.decls, 0); at != "" {
		return at
	}
	return unformatted(c.body, c.bodyOffset)
}

// unformatted compares a part of a cell, without the comments and blank lines
// around it, with what gofmt makes of it.
func unformatted(part string, offset int) string {
	all := strings.Split(part, "\n")
	first, end := 0, len(all)
	for first < end && isBlank(all[first]) {
		first++
	}
	for end > first && isBlank(all[end-1]) {
		end--
	}
	if first == end {
		return ""
	}
	have := strings.Join(all[first:end], "\n")
	formatted, err := format.Source([]byte(have))
	if list, ok := err.(scanner.ErrorList); ok && len(list) > 0 {
		return fmt.Sprintf("line %d is not Go: %s", list[0].Pos.Line+first+offset, list[0].Msg)
	} else if err != nil {
		return "is not Go: " + err.Error()
	}
	want := bytes.Split(formatted, []byte("\n"))
	for i, line := range all[first:end] {
		if i >= len(want) || line != string(want[i]) {
			return fmt.Sprintf("line %d is not as gofmt writes it", i+1+first+offset)
		}
	}
	return ""
}

func isBlank(line string) bool { return line == "//" || strings.TrimSpace(line) == "" }

// imports returns the cell's import declarations.
func (c goCell) imports() []*ast.ImportSpec {
	file, _ := parser.ParseFile(token.NewFileSet(), "", "package p;"+c.decls, parser.ImportsOnly|parser.SkipObjectResolution)
	if file == nil {
		return nil
	}
	return file.Imports
}

// strings returns the string literals of the cell, unquoted.
func (c goCell) strings() []string {
	var out []string
	src := []byte(c.decls + "\n" + c.body)
	var s scanner.Scanner
	files := token.NewFileSet()
	s.Init(files.AddFile("", files.Base(), len(src)), src, func(token.Position, string) {}, 0)
	for {
		switch _, tok, literal := s.Scan(); tok {
		case token.EOF:
			return out
		case token.STRING:
			if text, err := strconv.Unquote(literal); err == nil {
				out = append(out, text)
			}
		}
	}
}
