// Command sbom writes the bill of materials of an image in SPDX 2.3 (JSON): the
// repository's Go modules, what the programs in .gibbs/bin were built from, the
// Python packages, the PJRT plugins, and Debian's packages.
//
//	go run ./docker/sbom > gibbs.spdx.json
//
// SOURCE_DATE_EPOCH, if set, is the date of the document.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"gibbs/kernels/setup"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func write() error {
	layout, err := setup.Find()
	if err != nil {
		return err
	}
	date := time.Now()
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH=%q is no number of seconds", epoch)
		}
		date = time.Unix(seconds, 0)
	}
	var found []component
	for _, look := range []func(setup.Layout) ([]component, error){modules, programs, python, plugins, debian} {
		part, err := look(layout)
		if err != nil {
			return err
		}
		found = append(found, part...)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(describe(found, date))
}
