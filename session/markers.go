package session

// The phases of a marker with a length, and of someone's coming and going.
const (
	PhaseBegin = "begin"
	PhaseEnd   = "end"
	PhaseIn    = "in"
	PhaseOut   = "out"
)

// Marker is a kind of timed event that a person sets (Z25, Z28, S120, S122).
type Marker struct {
	Code   string
	Name   Text
	Length bool // it has begin and end; otherwise it is one instant
	Words  bool // it needs a text
	Clause string
}

// Markers returns every kind of marker in the order in which the pages offer them.
func Markers() []Marker {
	out := make([]Marker, len(markers))
	copy(out, markers)
	return out
}

func markerOf(code string) (Marker, bool) {
	for _, m := range markers {
		if m.Code == code {
			return m, true
		}
	}
	return Marker{}, false
}

var markers = []Marker{
	{Code: "rights-read", Name: Text{En: "Rights read", Zh: "告知诉讼权利"}, Clause: "S120"},
	{Code: "leniency-told", Name: Text{En: "Leniency told", Zh: "告知从宽规定"}, Clause: "S120"},
	{Code: "counsel-told", Name: Text{En: "Counsel told", Zh: "告知委托辩护权"}, Clause: "C34"},
	{Code: "evidence", Name: Text{En: "Evidence shown", Zh: "出示证据"}, Length: true, Clause: "Z25"},
	{Code: "interpreter", Name: Text{En: "Interpreter", Zh: "翻译人员"}, Length: true, Clause: "Z25-2"},
	{Code: "rest", Name: Text{En: "Rest", Zh: "休息"}, Length: true, Clause: "Z28"},
	{Code: "meal", Name: Text{En: "Meal", Zh: "用餐"}, Length: true, Clause: "Z28"},
	{Code: "complaint", Name: Text{En: "Complaint or injury", Zh: "申诉或伤情"}, Clause: "Z28"},
	{Code: "transcript-check", Name: Text{En: "Check the transcript", Zh: "核对笔录"}, Length: true, Clause: "S122"},
	{Code: "read-aloud", Name: Text{En: "Transcript read out", Zh: "宣读笔录"}, Clause: "S122"},
	{Code: "signing", Name: Text{En: "Sign and fingerprint", Zh: "签字捺指印"}, Length: true, Clause: "Z25"},
	{Code: "refuses-to-sign", Name: Text{En: "Refuses to sign", Zh: "拒绝签名"}, Clause: "Z25"},
	{Code: "spontaneous", Name: Text{En: "Spontaneous", Zh: "自行陈述"}, Clause: "Z29-1"},
	{Code: "other", Name: Text{En: "Other, in words", Zh: "其他情况"}, Words: true, Clause: "Z25"},
}
