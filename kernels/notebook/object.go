package notebook

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// object takes typed fields out of a decoded JSON object: what is left in
// fields was not asked for. The first field of a wrong type is kept in err.
type object struct {
	fields map[string]any
	err    error
}

func (o *object) take(key string) any {
	value := o.fields[key]
	delete(o.fields, key)
	return value
}

func (o *object) wrong(key string, value any) {
	if o.err == nil {
		o.err = fmt.Errorf("field %q holds a %T", key, value)
	}
}

// text takes a string, or a list of strings joined; "" where there is none.
func (o *object) text(key string) string {
	value := o.take(key)
	text, ok := joined(value)
	if !ok && value != nil {
		o.wrong(key, value)
	}
	return text
}

// texts takes a list of strings.
func (o *object) texts(key string) []string {
	var out []string
	value := o.take(key)
	list, ok := value.([]any)
	if !ok && value != nil {
		o.wrong(key, value)
	}
	for _, item := range list {
		text, ok := item.(string)
		if !ok {
			o.wrong(key, item)
		}
		out = append(out, text)
	}
	return out
}

// number takes an integer; 0 where there is none, or null.
func (o *object) number(key string) int {
	value := o.take(key)
	if value == nil {
		return 0
	}
	number, ok := value.(json.Number)
	if ok {
		if n, err := number.Int64(); err == nil {
			return int(n)
		}
	}
	o.wrong(key, value)
	return 0
}

// object takes a JSON object; nil where there is none.
func (o *object) object(key string) map[string]any {
	value := o.take(key)
	fields, ok := value.(map[string]any)
	if !ok && value != nil {
		o.wrong(key, value)
	}
	return fields
}

// objects takes a list of JSON objects.
func (o *object) objects(key string) []map[string]any {
	var out []map[string]any
	value := o.take(key)
	list, ok := value.([]any)
	if !ok && value != nil {
		o.wrong(key, value)
	}
	for _, item := range list {
		fields, ok := item.(map[string]any)
		if !ok {
			o.wrong(key, item)
			continue
		}
		out = append(out, fields)
	}
	return out
}

// joined returns a text that is stored whole or as a list of lines.
func joined(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case []any:
		var b strings.Builder
		for _, item := range v {
			line, ok := item.(string)
			if !ok {
				return "", false
			}
			b.WriteString(line)
		}
		return b.String(), true
	}
	return "", false
}

// with returns the unknown fields and the known ones together.
func with(rest, known map[string]any) map[string]any {
	maps.Copy(known, rest)
	return known
}

// present returns fields, or an empty object for nil: the format wants one.
func present(fields map[string]any) map[string]any {
	if fields == nil {
		return map[string]any{}
	}
	return fields
}
