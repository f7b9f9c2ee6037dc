package ckpt

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
)

// Key returns the name of an artefact: 64 hexadecimal digits, the SHA-256 of the
// parts that made it. Give it everything that decides the result: settings, seed,
// the data or its digest, versions of library and backend.
//
//	Key(a…) = Key(b…)  ⇔  reflect.DeepEqual(a, b)
//
// with three exceptions: 0 and −0 differ; tensors are compared by dtype, shape
// and bytes; and cyclic values have no key. Types count, by package and name, so
// Adam{0.1} and SGD{0.1} differ. Struct fields count by name, exported or not;
// their order in the declaration and the order of maps do not matter.
//
// It refuses what has no value to compare: NaN, and functions, channels and
// unsafe pointers that are not nil. Give a name in their stead, and times as text.
func Key(parts ...any) (string, error) {
	k := newKeyer()
	k.text("gibbs/lib/ckpt.Key 1")
	k.number(uint64(len(parts)))
	for i, part := range parts {
		if err := k.dynamic(reflect.ValueOf(part)); err != nil {
			return "", fmt.Errorf("ckpt: key: part %d%w", i+1, err)
		}
	}
	return hex.EncodeToString(k.sum()), nil
}

// keyer writes values into a hash so that no two different ones look alike: each
// begins with its kind, and everything of variable length with its length.
type keyer struct {
	hash hash.Hash
	path map[visit]bool // what is being written now, to find cycles
}

// visit identifies a pointer, map or slice.
type visit struct {
	kind   reflect.Kind
	at     uintptr
	length int
	typ    reflect.Type
}

func newKeyer() *keyer { return &keyer{hash: sha256.New(), path: map[visit]bool{}} }

func (k *keyer) sum() []byte { return k.hash.Sum(nil) }

func (k *keyer) number(n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	k.hash.Write(b[:])
}

func (k *keyer) text(s string) {
	k.number(uint64(len(s)))
	k.hash.Write([]byte(s))
}

// dynamic writes a value whose type the surroundings do not tell. Errors of this
// and the methods below begin where the path to the value ends: each caller puts
// its step of the path before them.
func (k *keyer) dynamic(v reflect.Value) error {
	if !v.IsValid() {
		k.text("nil")
		return nil
	}
	k.text(v.Type().String())
	return k.value(v)
}

// typeName returns the full name of a declared type, and "" for any other.
func typeName(t reflect.Type) string {
	if t.PkgPath() == "" {
		return ""
	}
	return t.PkgPath() + "." + t.Name()
}

// value writes a value of known type.
func (k *keyer) value(v reflect.Value) error {
	k.number(uint64(v.Kind()))
	k.text(typeName(v.Type()))
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			k.number(1)
		} else {
			k.number(0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		k.number(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		k.number(v.Uint())
	case reflect.Float32, reflect.Float64:
		return k.float(v.Float())
	case reflect.Complex64, reflect.Complex128:
		return cmp.Or(k.float(real(v.Complex())), k.float(imag(v.Complex())))
	case reflect.String:
		k.text(v.String())
	case reflect.Struct:
		return k.fields(v)
	case reflect.Array:
		return k.elements(v)
	case reflect.Interface:
		return k.dynamic(v.Elem())
	case reflect.Pointer, reflect.Map, reflect.Slice:
		return k.reference(v)
	default: // func, chan, unsafe pointer
		if !v.IsNil() {
			return fmt.Errorf(": a %s has no value to compare; give a name instead", v.Kind())
		}
	}
	return nil
}

func (k *keyer) float(x float64) error {
	if math.IsNaN(x) {
		return errors.New(": NaN equals nothing, so it cannot name an artefact")
	}
	k.number(math.Float64bits(x))
	return nil
}

func (k *keyer) elements(v reflect.Value) error {
	k.number(uint64(v.Len()))
	for i := range v.Len() {
		if err := k.value(v.Index(i)); err != nil {
			return fmt.Errorf("[%d]%w", i, err)
		}
	}
	return nil
}

// fields writes a struct's fields in the order of their names.
func (k *keyer) fields(v reflect.Value) error {
	t := v.Type()
	fields := make([]reflect.StructField, t.NumField())
	for i := range fields {
		fields[i] = t.Field(i)
	}
	slices.SortStableFunc(fields, func(a, b reflect.StructField) int { return strings.Compare(a.Name, b.Name) })
	k.number(uint64(len(fields)))
	for _, f := range fields {
		k.text(f.Name)
		if err := k.value(v.FieldByIndex(f.Index)); err != nil {
			return fmt.Errorf(".%s%w", f.Name, err)
		}
	}
	return nil
}

// reference writes a pointer's target, or the contents of a map or slice.
func (k *keyer) reference(v reflect.Value) error {
	if v.IsNil() {
		k.text("nil")
		return nil
	}
	k.text("set")
	here := visit{kind: v.Kind(), at: v.Pointer(), typ: v.Type()}
	if v.Kind() == reflect.Slice {
		here.length = v.Len()
	}
	if k.path[here] {
		return errors.New(": the value contains itself")
	}
	k.path[here] = true
	defer delete(k.path, here)
	switch {
	case v.Type() == reflect.TypeFor[*tensors.Tensor]():
		return k.tensor(v)
	case v.Kind() == reflect.Pointer:
		return k.value(v.Elem())
	case v.Kind() == reflect.Map:
		return k.entries(v)
	case v.Type().Elem().Kind() == reflect.Uint8:
		k.text(string(v.Bytes()))
		return nil
	}
	return k.elements(v)
}

// entries writes a map as the sorted digests of its entries.
func (k *keyer) entries(v reflect.Value) error {
	digests := map[string]bool{}
	for it := v.MapRange(); it.Next(); {
		one := &keyer{hash: sha256.New(), path: k.path}
		if err := cmp.Or(one.value(it.Key()), one.value(it.Value())); err != nil {
			return fmt.Errorf("[%v]%w", it.Key(), err)
		}
		digests[string(one.sum())] = true
	}
	k.number(uint64(len(digests)))
	for _, digest := range slices.Sorted(maps.Keys(digests)) {
		k.text(digest)
	}
	return nil
}

// tensor writes a tensor's dtype, dimensions and bytes.
func (k *keyer) tensor(v reflect.Value) error {
	if !v.CanInterface() {
		return errors.New(": a tensor in an unexported field cannot be read")
	}
	t := v.Interface().(*tensors.Tensor)
	if !t.Ok() {
		return errors.New(": the tensor has no value")
	}
	k.text(t.Shape().String())
	if err := t.ConstBytes(func(data []byte) { k.text(string(data)) }); err != nil {
		return fmt.Errorf(": %w", err)
	}
	return nil
}
