package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// What a file may cost to read. The parser is quadratic in both tokens and depth; real files stay
// far below either.
const (
	maxSize   = 1 << 20 // bytes
	maxTokens = 40_000
	maxDepth  = 24
)

type place struct{ line, column int }

// reader fills a Config from a file's syntax tree and collects what is wrong on the way.
type reader struct {
	file   string
	src    source
	places map[string]place // of every value that was read, by the path of its key
	wrong  map[string]bool  // paths that already have a problem
	err    Error
}

// problem records what is wrong at the path of a key, once per path.
func (r *reader) problem(path, what, want, do string) {
	if r.wrong[path] {
		return
	}
	at, ok := r.places[path]
	for up := path; !ok && up != ""; {
		up = parent(up)
		at, ok = r.places[up]
	}
	r.problemAt(at, path, what, want, do)
}

func (r *reader) problemAt(at place, path, what, want, do string) {
	r.wrong[path] = true
	r.err.Problems = append(r.err.Problems, Problem{
		File: r.file, Line: at.line, Column: at.column, Key: shorten(clean(redact(path)), 120),
		What: clean(what), Want: want, Do: do, Excerpt: r.src.excerpt(at.line, at.column),
	})
}

// parent returns the path of the value that holds path.
func parent(path string) string {
	return path[:max(strings.LastIndexByte(path, '.'), strings.LastIndexByte(path, '['), 0)]
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// parse returns the one mapping that a file consists of, nil if there is none.
func (r *reader) parse(text []byte) ast.Node {
	tokens := lexer.Tokenize(string(text))
	if len(tokens) > maxTokens || depth(tokens) > maxDepth {
		r.problem("", "the file is not a list of settings: too much in it, or nested too deeply",
			fmt.Sprintf("at most %d words and signs, nested at most %d deep on a line", maxTokens, maxDepth), "")
		return nil
	}
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var at place
		what := "not YAML"
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			what = "not YAML: " + redact(syntax.GetMessage())
			at = placeOf(syntax.GetToken())
		}
		r.problemAt(at, "", what, "key: value, indented with spaces", "")
		return nil
	}
	var body ast.Node
	for _, doc := range f.Docs {
		switch {
		case doc.Body == nil:
		case body != nil:
			r.problemAt(placeOf(doc.Body.GetToken()), "", "a second document, or a %YAML line", "one document",
				"remove the line with --- or % and keep one list of keys")
			return nil
		default:
			body = doc.Body
		}
	}
	return body
}

// depth returns how many lists and mappings are nested within lines.
func depth(tokens token.Tokens) int {
	flow, entries, deepest, line := 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType:
			entries++
		default:
		}
		deepest = max(deepest, flow, entries)
	}
	return deepest
}

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{}
	}
	return place{t.Position.Line, t.Position.Column}
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	nameType     = reflect.TypeFor[Name]()
	roomType     = reflect.TypeFor[Room]()
	cameraType   = reflect.TypeFor[Camera]()
)

// value reads node into v.
func (r *reader) value(path string, node ast.Node, v reflect.Value, tag reflect.StructTag) {
	at := placeOf(node.GetToken())
	if m, ok := node.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		at = placeOf(m.Values[0].Key.GetToken())
	}
	r.places[path] = at
	switch n := node.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		r.problem(path, "YAML anchors, aliases and tags are not used here", wanted(v.Type()), "write the value out")
		return
	case *ast.NullNode:
		r.problem(path, "no value", wanted(v.Type()), "write a value, or remove the line to get the default")
		return
	case *ast.LiteralNode:
		node = n.Value
	}
	switch {
	case v.Type() == nameType:
		r.name(path, node, v)
	case v.Type() == durationType:
		r.duration(path, node, v, tag)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.value(path, node, v.Elem(), tag)
	case v.Kind() == reflect.Struct:
		r.mapping(path, node, v)
	case v.Kind() == reflect.Slice:
		r.list(path, node, v)
	default:
		r.scalar(path, node, v, tag)
	}
}

// wanted says what a value of a type looks like.
func wanted(t reflect.Type) string {
	switch {
	case t == nameType:
		return `text, or one text for each language, as in {en: Room 3, zh-CN: 三号讯问室}`
	case t == durationType:
		return "a length of time with its unit, as in 500ms, 60s, 4h or 1h30m"
	case t.Kind() == reflect.Pointer:
		return wanted(t.Elem())
	case t.Kind() == reflect.Struct:
		return "keys with values, one per line and indented below: " + strings.Join(keysOf(t), ", ")
	case t.Kind() == reflect.Slice:
		return `a list: one entry per line, each after "- "`
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "a whole number"
	}
	return "text"
}

func keysOf(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = t.Field(i).Tag.Get("yaml")
	}
	return keys
}

func (r *reader) wrongType(path string, node ast.Node, t reflect.Type) {
	do := ""
	switch node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
	default:
		if (t.Kind() == reflect.String || t == nameType) && !strings.Contains(path, "password") {
			do = "put it in quotes: " + quote(node.GetToken().Value)
		}
	}
	r.problem(path, "is "+describe(node), wanted(t), do)
}

// describe says what a node is, without its contents.
func describe(node ast.Node) string {
	switch node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a group of keys"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	}
	return "something else"
}

// entries returns the key-value pairs of a mapping; ok is false if node is none.
func entries(node ast.Node) (pairs []*ast.MappingValueNode, ok bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func (r *reader) mapping(path string, node ast.Node, v reflect.Value) {
	pairs, ok := entries(node)
	if !ok {
		r.wrongType(path, node, v.Type())
		return
	}
	fields := make(map[string]int, v.NumField())
	for i := range v.NumField() {
		fields[v.Type().Field(i).Tag.Get("yaml")] = i
	}
	seen := make(map[string]place, len(pairs))
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		at := placeOf(pair.Key.GetToken())
		if _, plain := pair.Key.(*ast.StringNode); !plain {
			r.problemAt(at, path, "a key that is not a plain word", strings.Join(keysOf(v.Type()), ", "), "")
			continue
		}
		sub := join(path, key)
		if first, again := seen[key]; again {
			r.problemAt(at, sub, fmt.Sprintf("given twice, first in line %d", first.line), "each key once", "remove one of the two")
			continue
		}
		seen[key] = at
		i, known := fields[key]
		if !known {
			r.unknownKey(at, sub, key, v.Type())
			continue
		}
		r.value(sub, pair.Value, v.Field(i), v.Type().Field(i).Tag)
	}
}

func (r *reader) unknownKey(at place, path, key string, t reflect.Type) {
	want := "one of: " + strings.Join(keysOf(t), ", ")
	do := "remove it, or correct its spelling"
	switch {
	case strings.EqualFold(key, "password"):
		r.problemAt(at, path, "passwords are not kept in this file, because it is copied and printed",
			"password_file or password_env",
			"write the password into a file that only the service can read and name it with password_file")
		return
	case nearest(key, keysOf(t)) != "":
		do = fmt.Sprintf("did you mean %s?", nearest(key, keysOf(t)))
	}
	r.problemAt(at, path, "unknown key", want, do)
}

func (r *reader) list(path string, node ast.Node, v reflect.Value) {
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		r.wrongType(path, node, v.Type())
		return
	}
	if len(seq.Values) == 0 {
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, entry := range seq.Values {
		switch v.Type().Elem() {
		case roomType:
			v.Index(i).Set(reflect.ValueOf(DefaultRoom()))
		case cameraType:
			v.Index(i).Set(reflect.ValueOf(DefaultCamera()))
		}
		r.value(fmt.Sprintf("%s[%d]", path, i), entry, v.Index(i), "")
	}
}

func (r *reader) name(path string, node ast.Node, v reflect.Value) {
	if s, ok := node.(*ast.StringNode); ok {
		v.Set(reflect.ValueOf(Name{En: s.Value, Zh: s.Value}))
		return
	}
	if _, ok := entries(node); !ok {
		r.wrongType(path, node, v.Type())
		return
	}
	v.Set(reflect.ValueOf(Name{}))
	r.mapping(path, node, v)
	n := v.Interface().(Name)
	switch { // one language alone serves for both
	case n.En == "":
		n.En = n.Zh
	case n.Zh == "":
		n.Zh = n.En
	}
	v.Set(reflect.ValueOf(n))
}

func (r *reader) duration(path string, node ast.Node, v reflect.Value, tag reflect.StructTag) {
	s, ok := node.(*ast.StringNode)
	if !ok {
		do := ""
		if n, number := node.(*ast.IntegerNode); number {
			do = fmt.Sprintf("write the unit: %[1]ss for seconds, %[1]sm for minutes", n.GetToken().Value)
		}
		r.problem(path, "is "+describe(node)+" without a unit", wanted(durationType), do)
		return
	}
	d, err := time.ParseDuration(s.Value)
	if err != nil {
		r.problem(path, quote(s.Value)+" is not a length of time", wanted(durationType), "")
		return
	}
	least, most := limits(tag)
	if d < least || d > most {
		r.problem(path, quote(s.Value)+" is out of range",
			fmt.Sprintf("from %s to %s", showDuration(least), showDuration(most)), "")
		return
	}
	v.SetInt(int64(d))
}

// limits returns the range that a duration's tags allow. A tag that is wrong fails the package's tests.
func limits(tag reflect.StructTag) (least, most time.Duration) {
	least, _ = time.ParseDuration(tag.Get("min"))
	most, _ = time.ParseDuration(tag.Get("max"))
	return least, most
}

func (r *reader) scalar(path string, node ast.Node, v reflect.Value, tag reflect.StructTag) {
	switch n := node.(type) {
	case *ast.StringNode:
		if v.Kind() != reflect.String {
			break
		}
		if enum := tag.Get("enum"); enum != "" && !slices.Contains(strings.Split(enum, ","), n.Value) {
			do := ""
			if near := nearest(n.Value, strings.Split(enum, ",")); near != "" {
				do = fmt.Sprintf("did you mean %s?", near)
			}
			r.problem(path, quote(n.Value)+" is not one of the choices", strings.ReplaceAll(enum, ",", ", "), do)
			return
		}
		v.SetString(n.Value)
		return
	case *ast.BoolNode:
		if v.Kind() == reflect.Bool {
			v.SetBool(n.Value)
			return
		}
	case *ast.IntegerNode:
		if v.Kind() == reflect.Int {
			r.integer(path, n, v, tag)
			return
		}
	}
	if v.Kind() == reflect.Int {
		r.problem(path, "is "+describe(node), wantedInteger(tag), "")
		return
	}
	r.wrongType(path, node, v.Type())
}

func wantedInteger(tag reflect.StructTag) string {
	return fmt.Sprintf("a whole number from %s to %s", tag.Get("min"), tag.Get("max"))
}

func (r *reader) integer(path string, n *ast.IntegerNode, v reflect.Value, tag reflect.StructTag) {
	i, err := strconv.ParseInt(n.GetToken().Value, 10, 64)
	least, _ := strconv.ParseInt(tag.Get("min"), 10, 64)
	most, _ := strconv.ParseInt(tag.Get("max"), 10, 64)
	if err != nil || i < least || i > most {
		r.problem(path, quote(n.GetToken().Value)+" is out of range", wantedInteger(tag), "")
		return
	}
	v.SetInt(i)
}
