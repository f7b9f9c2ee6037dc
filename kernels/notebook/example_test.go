package notebook_test

import (
	"fmt"

	"gibbs/kernels/notebook"
)

// A cell was compiled and failed: the outputs say where and why.
func Example() {
	nb, err := notebook.Parse([]byte(`{
	 "cells": [
	  {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Is 1 + 1 = 2?"]},
	  {"cell_type": "code", "id": "b", "metadata": {}, "execution_count": 1, "source": ["%%\n", "sum(1, 1)"],
	   "outputs": [{"output_type": "error", "ename": "ERROR", "evalue": "exit status 1",
	    "traceback": ["Cell[1]: Line 2\nsum(1, 1)\n^\n\nundefined: sum"]}]}
	 ],
	 "metadata": {}, "nbformat": 4, "nbformat_minor": 5
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(nb.Failure())
	// Output: cell 1 (sum(1, 1)), line 2: undefined: sum
}

func ExampleLint() {
	nb := &notebook.Notebook{Format: 4, Cells: []notebook.Cell{
		{Kind: notebook.Markdown, Source: "# Listing files: what is here?"},
		{Kind: notebook.Code, Source: "!ls", Count: 1},
		{Kind: notebook.Code, Source: "%%\nclaim.Table(files)"},
	}}
	nb.Normalise(nil)
	raw, err := nb.Bytes()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, finding := range notebook.Lint(raw, nil) {
		fmt.Println(finding)
	}
	// Output:
	// cell 2: was not executed
	// cell 1: line 1 runs a shell command
	// cell 2: the last code cell shows no truth table (claim.Table)
}
