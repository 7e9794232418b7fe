package policy

import "time"

// Times are what an officer may enter of what came before a suspect's interrogation, each RFC 3339 or empty
// (C86, C94, C-2). They open nothing and shut nothing: countdowns and reports go by them.
type Times struct {
	Arrived  string `json:"arrived,omitempty" maxLength:"40" doc:"When the person was brought in, by summons or forced summons (RFC 3339)"`
	Detained string `json:"detained,omitempty" maxLength:"40" doc:"When criminal detention began (RFC 3339)"`
	Arrested string `json:"arrested,omitempty" maxLength:"40" doc:"When the arrest was made (RFC 3339)"`
}

// TimeOf reads one of the times; false for none.
func TimeOf(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil && s != ""
}

func (v *validation) times(t Times) {
	for _, f := range []struct{ name, value string }{{"arrived", t.Arrived}, {"detained", t.Detained}, {"arrested", t.Arrested}} {
		if _, ok := TimeOf(f.value); !ok && f.value != "" {
			v.add("times."+f.name, "times")
		}
	}
}
