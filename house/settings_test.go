package house

import (
	"go/ast"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/config"
)

// waiting are settings that nothing reads yet; docs/operator/config.md says "planned" of them.
var waiting = []string{"site", "language"}

// TestEverySettingHasAnEffect: what the file of settings offers, the program asks for. A key that
// nothing reads would be a promise that is not kept.
func TestEverySettingHasAnEffect(t *testing.T) {
	asked := make(map[string]bool)
	for _, s := range sources(t) {
		if s.test() || !s.within("cmd/roomrec") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				asked[sel.Sel.Name] = true
			}
			return true
		})
	}
	page := read(t, "docs/operator/config.md")
	through := map[string]string{"PasswordFile": "ReadPassword", "PasswordEnv": "ReadPassword", "Zone": "Location", "Vendor": "URL", "Host": "URL", "Channel": "URL"}
	settings(reflect.TypeFor[config.Config](), "", func(name, key string) {
		used := asked[name] || asked[through[name]]
		planned := slices.Contains(waiting, key)
		switch {
		case !planned && !used:
			t.Errorf("cmd/roomrec never asks for %s (%s)", name, key)
		case planned && used:
			t.Errorf("%s is read now: take it off the list of those that wait, and off the page", key)
		case planned:
			require.Regexp(t, "(?m)^\\| `"+key+"` .*planned", page)
		}
	})
}

// settings calls f for every field that is not itself a group of settings.
func settings(typ reflect.Type, path string, f func(name, key string)) {
	for i := range typ.NumField() {
		field := typ.Field(i)
		inner := field.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		key := path + field.Tag.Get("yaml")
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[config.Name]() {
			settings(inner, key+".", f)
			continue
		}
		f(field.Name, key)
	}
}
