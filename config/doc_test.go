package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]*) \\| ([^|]*) \\| [^|]+ \\|$")

// TestPageOfSettingsIsTrue compares docs/operator/config.md with the structs: every key is there
// once, in their order, with its default and range.
func TestPageOfSettingsIsTrue(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "operator", "config.md"))
	require.NoError(t, err)
	var keys []string
	documented := make(map[string][]string)
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		keys = append(keys, m[1])
		documented[m[1]] = m[2:]
	}
	var want []string
	leaves("", reflect.ValueOf(Default()).Elem(), func(key string, v reflect.Value, tag reflect.StructTag) {
		want = append(want, key)
		if key == "zone" || key == "site" { // the host's, and shown as one text
			return
		}
		if std := showDefault(v); std != "" {
			require.Equal(t, "`"+std+"`", documented[key][0], "default of %s", key)
		}
		if r := showRange(v, tag); r != "" {
			require.Equal(t, r, documented[key][1], "range of %s", key)
		}
	})
	slices.Sort(want)
	slices.Sort(keys)
	require.Equal(t, want, keys)
}

// leaves calls f for every key that has a value of its own.
func leaves(path string, v reflect.Value, f func(string, reflect.Value, reflect.StructTag)) {
	for i := range v.NumField() {
		field, tag := v.Field(i), v.Type().Field(i).Tag
		at := join(path, tag.Get("yaml"))
		if field.Kind() == reflect.Pointer {
			field = reflect.New(field.Type().Elem()).Elem()
		}
		switch {
		case field.Kind() == reflect.Struct && field.Type() != nameType:
			leaves(at, field, f)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			entry := reflect.New(field.Type().Elem()).Elem()
			switch entry.Type() {
			case roomType:
				entry.Set(reflect.ValueOf(DefaultRoom()))
			case cameraType:
				entry.Set(reflect.ValueOf(DefaultCamera()))
			}
			leaves(at+"[]", entry, f)
		default:
			f(at, field, tag)
		}
	}
}

func showDefault(v reflect.Value) string {
	if v.IsZero() || v.Type() == nameType {
		return ""
	}
	return strings.Trim(scalarYAML(v), `"`)
}

func showRange(v reflect.Value, tag reflect.StructTag) string {
	switch {
	case v.Type() == durationType:
		least, err := time.ParseDuration(tag.Get("min"))
		if err != nil {
			return "no range: " + err.Error()
		}
		most, err := time.ParseDuration(tag.Get("max"))
		if err != nil {
			return "no range: " + err.Error()
		}
		return "`" + showDuration(least) + "` to `" + showDuration(most) + "`"
	case v.Kind() == reflect.Int:
		return "`" + tag.Get("min") + "` to `" + tag.Get("max") + "`"
	case v.Kind() == reflect.Bool:
		return "`true`, `false`"
	case tag.Get("enum") != "":
		return "`" + strings.ReplaceAll(tag.Get("enum"), ",", "`, `") + "`"
	}
	return ""
}
