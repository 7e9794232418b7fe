package table

import "strings"

// Text is a sentence for people in every language that the pages speak.
type Text struct {
	En string `json:"en"`
	Zh string `json:"zh-CN"`
}

// Zero reports whether t says nothing.
func (t Text) Zero() bool { return t == Text{} }

// About puts a name in the place of {subject}.
func (t Text) About(name Text) Text {
	return Text{
		En: strings.ReplaceAll(t.En, "{subject}", name.En),
		Zh: strings.ReplaceAll(t.Zh, "{subject}", name.Zh),
	}
}
