package data

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a published file, packed by gzip, and what its bytes must be.
type File struct {
	Name        string // the plain name; the packed file is Name + ".gz"
	Bytes       int64  // size of the plain file
	SHA256      string // of the plain file
	PackedBytes int64  // size of the packed file
	PackedSum   string // SHA-256 of the packed file
}

// MNIST lists the four files of the MNIST database of handwritten digits: images
// and labels for training (60,000) and for testing (10,000), in IDX format.
//
// Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", 1998.
// The sums are those that the package sets of several projects publish.
var MNIST = [4]File{
	{"train-images-idx3-ubyte", 47040016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
		9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
	{"train-labels-idx1-ubyte", 60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
		28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
	{"t10k-images-idx3-ubyte", 7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
		1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
	{"t10k-labels-idx1-ubyte", 10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
		4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
}

// LoadMNIST reads MNIST from a folder that holds its four files, plain or
// gzipped. Images are 28×28 with ink from 0 to 1, labels 0 to 9. It takes 220 MB
// of memory. Every file is checked against [MNIST]; the error says which is
// missing or damaged.
func LoadMNIST(dir string) (train, test *Set, err error) { return loadIDXSets(dir, MNIST) }

// loadIDXSets reads images and labels of a training and a test set.
func loadIDXSets(dir string, files [4]File) (train, test *Set, err error) {
	if train, err = loadIDXSet(dir, files[0], files[1]); err != nil {
		return nil, nil, err
	}
	if test, err = loadIDXSet(dir, files[2], files[3]); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

func loadIDXSet(dir string, images, labels File) (*Set, error) {
	dims, pixels, err := images.load(dir)
	if err != nil {
		return nil, err
	}
	labelDims, classes, err := labels.load(dir)
	if err != nil {
		return nil, err
	}
	if len(dims) != 3 || len(labelDims) != 1 || dims[0] != labelDims[0] {
		return nil, fmt.Errorf("data: %s has sizes %d and %s %d: want [n rows columns] and [n]", images.Name, dims, labels.Name, labelDims)
	}
	set := &Set{X: make([]float32, len(pixels)), Labels: make([]int32, len(classes)), Shape: dims[1:]}
	for i, p := range pixels {
		set.X[i] = float32(p) / 255
	}
	for i, c := range classes {
		if c > 9 {
			return nil, fmt.Errorf("data: %s: label %d of example %d is no digit", labels.Name, c, i)
		}
		set.Labels[i] = int32(c)
	}
	return set, nil
}

// load reads an IDX file, plain or packed, whose plain content must be f's.
func (f File) load(dir string) (dims []int, values []byte, err error) {
	content, err := f.read(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %w", err)
	}
	dims, values, err = ReadIDX(bytes.NewReader(content), f.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Join(dir, f.Name), err)
	}
	return dims, values, nil
}

// read returns the plain content of the file, verified.
func (f File) read(dir string) ([]byte, error) {
	path := filepath.Join(dir, f.Name)
	content, err := readVerified(path, f.Bytes, f.SHA256)
	if !errors.Is(err, fs.ErrNotExist) {
		return content, err
	}
	packed, err := os.Open(path + ".gz")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("neither %s nor %[1]s.gz found: name the folder that holds them, or get them with data.DownloadMNIST: %w", path, err)
	} else if err != nil {
		return nil, err
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		return nil, fmt.Errorf("%s.gz: %w", path, err)
	}
	if content, err = io.ReadAll(io.LimitReader(unpacked, f.Bytes+1)); err != nil {
		return nil, fmt.Errorf("%s.gz: %w", path, err)
	}
	if sum := sha256.Sum256(content); int64(len(content)) != f.Bytes || hex.EncodeToString(sum[:]) != f.SHA256 {
		return nil, fmt.Errorf("%s.gz does not hold the content with SHA-256 %s: it is damaged or another file", path, f.SHA256)
	}
	return content, nil
}
