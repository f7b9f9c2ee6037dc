package ckpt

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// object is a JSON object whose values are objects, lists of numbers, or strings.
type object map[string]any

// parseJSON reads the JSON that headers are made of, and nothing more: objects
// without repeated names, nested at most two deep, of at most maxEntries+2
// members; lists of at most maxRank whole numbers from 0; strings of UTF-8. No
// null, true, false, fraction or exponent.
func parseJSON(text []byte) (any, error) {
	if !utf8.Valid(text) {
		return nil, damagef("header is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	value, err := parseValue(d, 2)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, damagef("header goes on after its end")
	}
	return value, nil
}

// parseValue reads one value, in which objects nest at most depth deep.
func parseValue(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, damagef("header is not JSON: %v", err)
	}
	switch token := token.(type) {
	case string:
		return token, nil
	case json.Delim:
		if token == '[' {
			return parseList(d)
		}
		if token == '{' && depth > 0 {
			return parseObject(d, depth)
		}
	}
	return nil, damagef("header holds %v where it must not", token)
}

// parseObject reads the members of an object whose brace has been read.
func parseObject(d *json.Decoder, depth int) (object, error) {
	members := object{}
	for {
		token, err := d.Token()
		if err != nil {
			return nil, damagef("header is not JSON: %v", err)
		}
		name, ok := token.(string)
		if !ok {
			return members, nil // a name or the closing brace: the decoder lets nothing else pass
		}
		if _, twice := members[name]; twice {
			return nil, damagef("header has %q twice", name)
		}
		if len(members) == maxEntries+2 {
			return nil, damagef("header has more than %d entries", maxEntries+2)
		}
		if members[name], err = parseValue(d, depth-1); err != nil {
			return nil, err
		}
	}
}

// parseList reads the numbers of a list whose bracket has been read.
func parseList(d *json.Decoder) ([]int64, error) {
	list := []int64{}
	for {
		token, err := d.Token()
		if err != nil {
			return nil, damagef("header is not JSON: %v", err)
		}
		if token == json.Delim(']') {
			return list, nil
		}
		number, _ := token.(json.Number)
		n, err := strconv.ParseUint(number.String(), 10, 63)
		if err != nil {
			return nil, damagef("header lists %v, which is not a whole number from 0", token)
		}
		if len(list) == maxRank {
			return nil, damagef("header lists more than %d numbers", maxRank)
		}
		list = append(list, int64(n))
	}
}
