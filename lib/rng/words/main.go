// Command words writes the raw words of a stream of package rng to standard
// output, four bytes each in little-endian order, until nobody reads them. It
// feeds batteries of statistical tests:
//
//	go run ./lib/rng/words -seed 42 | dieharder -a -g 200               # Threefry
//	go run ./lib/rng/words -seed 42 -lanes 1024 | dieharder -a -g 200   # lanes, interleaved
//
// dieharder is a package of Debian and of other distributions.
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"os"

	"gibbs/lib/rng"
)

func main() {
	seed := flag.Int64("seed", 42, "seed of the stream")
	lanes := flag.Int("lanes", 0, "number of xoshiro128++ lanes, word i of an advance from lane i; 0 means the keyed stream")
	size := flag.Int("draw", 1<<16, "words of one draw")
	count := flag.Int64("words", -1, "number of words to write; below 0 means no end")
	flag.Parse()
	if *lanes < 0 || *size < 1 {
		fmt.Fprintln(os.Stderr, "words: -lanes must not be negative, -draw must be positive")
		os.Exit(2)
	}
	h := rng.NewHost(*seed)
	if *lanes > 0 {
		h = h.Lanes(*lanes)
	}
	if err := write(h, *size, *count); err != nil {
		os.Exit(1) // the reader has gone
	}
}

// write writes count words of h in draws of size words; count below 0 means until
// an error.
func write(h *rng.Host, size int, count int64) error {
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	var bytes [4]byte
	for count != 0 {
		for _, word := range h.Bits(size) {
			binary.LittleEndian.PutUint32(bytes[:], word)
			if _, err := out.Write(bytes[:]); err != nil {
				return err
			}
			if count--; count == 0 {
				break
			}
		}
	}
	return out.Flush()
}
