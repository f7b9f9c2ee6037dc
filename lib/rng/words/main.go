// Command words writes the raw words of a stream of package rng to standard
// output, four bytes each in little-endian order, until nobody reads them. It
// feeds batteries of statistical tests:
//
//	go run ./lib/rng/words -seed 42 | dieharder -a -g 200               # Threefry
//	go run ./lib/rng/words -seed 42 -lanes 1024 | dieharder -a -g 200   # lanes, interleaved
//
// dieharder is a package of Debian and of other distributions. Its version 3.31.1
// gave 86 p-values for each of the two streams, from all its tests but Diehard Sums
// (which it advises against), with lagged sums at lags 0, 1, 2, 3, 7 and 15, each test
// from the start of the stream: 85 passed and one weak (p < 0.005 or p > 0.995, as is
// expected of one in a hundred) for each, none failed. The weak ones, RGB permutations
// of 4 from the lanes and RGB bit distribution of 6 from Threefry, passed with each of
// the seeds 43 to 46.
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
