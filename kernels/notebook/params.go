package notebook

import (
	"regexp"
	"slices"
)

// param is a call of env.Param with its literal name.
var param = regexp.MustCompile(`\benv\.Param(?:\[\w+\])?\(\s*"([a-z][a-z0-9_]*)"`)

// Params returns the names of the parameters that the notebook's code takes
// through env.Param, sorted.
func (nb *Notebook) Params() []string {
	var names []string
	for _, cell := range nb.CodeCells() {
		for _, match := range param.FindAllStringSubmatch(cell.Source, -1) {
			names = append(names, match[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
