package table

// Text is a sentence for people in every language that the pages speak.
type Text struct {
	En string `json:"en"`
	Zh string `json:"zh-CN"`
}

// Zero reports whether t says nothing.
func (t Text) Zero() bool { return t == Text{} }
