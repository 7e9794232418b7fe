package panel_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// schema is what tests read of a JSON Schema, and check themselves: the machinery that made the description
// is not asked whether it is kept.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	More       any                `json:"additionalProperties"`
	Items      *schema            `json:"items"`
	Enum       []any              `json:"enum"`
	Pattern    string             `json:"pattern"`
	MinLength  *int               `json:"minLength"`
	MaxLength  *int               `json:"maxLength"`
	MinItems   *int               `json:"minItems"`
	MaxItems   *int               `json:"maxItems"`
	Minimum    *float64           `json:"minimum"`
	Maximum    *float64           `json:"maximum"`
}

// types returns the kinds of value that a schema takes; none: any.
func (s *schema) types() (out []string) {
	switch v := s.Type.(type) {
	case string:
		out = append(out, v)
	case []any:
		for _, x := range v {
			if name, ok := x.(string); ok {
				out = append(out, name)
			}
		}
	}
	return out
}

// more returns what the values of names that are not listed must be, and whether there may be such names.
func (s *schema) more() (*schema, bool) {
	switch v := s.More.(type) {
	case bool:
		return &schema{}, v
	case map[string]any:
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		var inner schema
		if err := json.Unmarshal(b, &inner); err != nil {
			panic(err)
		}
		return &inner, true
	}
	return &schema{}, true
}

type schemas map[string]*schema

func (all schemas) of(s *schema) *schema {
	for s != nil && s.Ref != "" {
		s = all[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	if s == nil {
		return &schema{}
	}
	return s
}

// wrong says in what a decoded value is not what the schema says, at which path; empty: in nothing.
func (all schemas) wrong(s *schema, v any, at string) string {
	s = all.of(s)
	kind := ""
	switch x := v.(type) {
	case nil:
		kind = "null"
	case bool:
		kind = "boolean"
	case string:
		kind = "string"
	case float64:
		kind = "number"
		if x == math.Trunc(x) && slices.Contains(s.types(), "integer") {
			kind = "integer"
		}
	case []any:
		kind = "array"
	case map[string]any:
		kind = "object"
	}
	if t := s.types(); len(t) > 0 && !slices.Contains(t, kind) {
		return fmt.Sprintf("%s is %s, want %v", at, kind, t)
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) && v != nil {
		return fmt.Sprintf("%s is %v, want one of %v", at, v, s.Enum)
	}
	switch x := v.(type) {
	case string:
		n := utf8.RuneCountInString(x)
		if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(x) || s.MinLength != nil && n < *s.MinLength || s.MaxLength != nil && n > *s.MaxLength {
			return fmt.Sprintf("%s: %q does not fit", at, x)
		}
	case float64:
		if s.Minimum != nil && x < *s.Minimum || s.Maximum != nil && x > *s.Maximum {
			return fmt.Sprintf("%s: %v is out of range", at, x)
		}
	case []any:
		if s.MinItems != nil && len(x) < *s.MinItems || s.MaxItems != nil && len(x) > *s.MaxItems {
			return fmt.Sprintf("%s has %d items", at, len(x))
		}
		for i, item := range x {
			if w := all.wrong(s.Items, item, fmt.Sprintf("%s[%d]", at, i)); s.Items != nil && w != "" {
				return w
			}
		}
	case map[string]any:
		for _, name := range s.Required {
			if _, ok := x[name]; !ok {
				return fmt.Sprintf("%s has no %s", at, name)
			}
		}
		rest, open := s.more()
		for name, value := range x {
			inner, known := s.Properties[name]
			if !known {
				if !open {
					return fmt.Sprintf("%s has a %s that is not described", at, name)
				}
				inner = rest
			}
			if w := all.wrong(inner, value, at+"."+name); w != "" {
				return w
			}
		}
	}
	return ""
}

// What holds answers against the description must see what is wrong with them.
func TestWhatIsNotAsDescribedIsSeen(t *testing.T) {
	all := schemas{"Text": {Type: "object", Required: []string{"en"}, Properties: map[string]*schema{"en": {Type: "string"}, "n": {Type: []any{"integer", "null"}}}, More: false}}
	list := &schema{Type: "array", Items: &schema{Ref: "#/components/schemas/Text"}}
	for value, wrong := range map[string]string{
		`[]`: "", `[{"en": "a"}]`: "", `[{"en": "a", "n": null}]`: "", `[{"en": "a", "n": 2}]`: "",
		`{}`: "is object", `null`: "is null", `[null]`: "[0] is null", `[{}]`: "has no en", `[{"en": 1}]`: ".en is number",
		`[{"en": "a", "zh": "b"}]`: "has a zh", `[{"en": "a", "n": 1.5}]`: ".n is number",
	} {
		var v any
		require.NoError(t, json.Unmarshal([]byte(value), &v))
		got := all.wrong(list, v, "it")
		require.Equal(t, wrong == "", got == "", "%s: %s", value, got)
		require.Contains(t, got, wrong)
	}
}
