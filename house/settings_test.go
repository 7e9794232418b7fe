package house

import (
	"go/ast"
	"reflect"
	"testing"

	"roomrec/config"
)

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
	through := map[string]string{"PasswordFile": "ReadPassword", "PasswordEnv": "ReadPassword", "Zone": "Location"}
	settings(reflect.TypeFor[config.Config](), "", func(name, key string) {
		if !asked[name] && !asked[through[name]] {
			t.Errorf("cmd/roomrec never asks for %s (%s)", name, key)
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
