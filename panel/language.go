package panel

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/text/language"

	"roomrec/session"
)

//go:embed messages/*.json
var messageFiles embed.FS

// Lang is a language of the pages, as in the lang attribute.
type Lang string

// The languages of the pages.
const (
	English Lang = "en"
	Chinese Lang = "zh-CN"
)

// Langs lists the languages of the pages; the first is the default.
func Langs() []Lang { return []Lang{English, Chinese} }

const langCookie = "roomrec-lang"

var langMatcher = language.NewMatcher([]language.Tag{language.English, language.SimplifiedChinese})

// catalogue holds one language's messages by key.
type catalogue map[string]string

func loadCatalogues() (map[Lang]catalogue, error) {
	all := make(map[Lang]catalogue)
	for _, l := range Langs() {
		b, err := messageFiles.ReadFile("messages/" + string(l) + ".json")
		if err != nil {
			return nil, fmt.Errorf("messages of %s: %w", l, err)
		}
		var c catalogue
		if err := json.Unmarshal(b, &c); err != nil {
			return nil, fmt.Errorf("messages of %s: %w", l, err)
		}
		all[l] = c
	}
	return all, nil
}

// text returns the message of key in every language.
func text(all map[Lang]catalogue, key string) session.Text {
	return session.Text{En: all[English][key], Zh: all[Chinese][key]}
}

// In returns t in the language l.
func in(l Lang, t session.Text) string {
	if l == Chinese && t.Zh != "" {
		return t.Zh
	}
	return t.En
}

// say returns the message of key with {name} replaced by the values that follow, name by name. An
// unknown key is an error, so that no page goes out with a hole.
func (c catalogue) say(key string, pairs ...any) (string, error) {
	m, ok := c[key]
	if !ok {
		return "", fmt.Errorf("no message %q", key)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		m = strings.ReplaceAll(m, "{"+fmt.Sprint(pairs[i])+"}", fmt.Sprint(pairs[i+1]))
	}
	return m, nil
}

// langOf returns the language that the request wants: the cookie's, else the browser's.
func langOf(r *http.Request) Lang {
	if c, err := r.Cookie(langCookie); err == nil {
		if l, ok := parseLang(c.Value); ok {
			return l
		}
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return English
	}
	if _, i, conf := langMatcher.Match(tags...); conf > language.No && i == 1 {
		return Chinese
	}
	return English
}

func parseLang(s string) (Lang, bool) {
	for _, l := range Langs() {
		if s == string(l) {
			return l, true
		}
	}
	return "", false
}
