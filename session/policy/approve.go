package policy

import (
	"strings"

	"roomrec/session/table"
)

// The roles of people who sign in, as far as the policy asks for one.
const (
	Officer       = "officer"
	Supervisor    = "supervisor"
	Reviewer      = "reviewer"
	Approver      = "approver"
	Administrator = "administrator"
	Auditor       = "auditor"
)

// Approval is a request to go on unrecorded (Z29-2).
type Approval struct {
	Reason string // key of UnrecordedReasons
	Text   string // the reason in words; needed for "other"
	// Approver is the second person's sign-in; nobody if empty.
	ApproverID, ApproverName, ApproverRole string
	Roster                                 []Member // everybody who took part at any time
}

// MayGoUnrecorded returns what stands against an approval, field by field. That the case is not one
// that must be recorded is the table's own condition.
func (p Policy) MayGoUnrecorded(a Approval) []Field {
	v := &validation{}
	if _, ok := choice(unrecordedReasons, a.Reason); !ok {
		v.add("reason", "unrecorded-reason")
	}
	if a.Reason == "other" && strings.TrimSpace(a.Text) == "" {
		v.add("text", "unrecorded-words")
	} else {
		v.optional("text", a.Text)
	}
	v.approver(a)
	return v.fields
}

// MayRefuseUnrecorded returns what stands against refusing it: whoever refuses could approve it, and says why.
func (p Policy) MayRefuseUnrecorded(a Approval) []Field {
	v := &validation{}
	v.text("text", a.Text, "refusal-words")
	v.approver(a)
	return v.fields
}

// approver says what stands against the one who decides.
func (v *validation) approver(a Approval) {
	switch {
	case a.ApproverID == "":
		v.add("approver", "approver")
	case a.ApproverRole != Approver && a.ApproverRole != Supervisor:
		v.add("approver", "approver-role")
	case onRoster(a.Roster, a.ApproverID) || onRoster(a.Roster, a.ApproverName):
		v.add("approver", "approver-roster")
	}
}

func onRoster(roster []Member, name string) bool {
	for _, m := range roster {
		if name != "" && strings.EqualFold(strings.TrimSpace(m.Name), strings.TrimSpace(name)) {
			return true
		}
	}
	return false
}

// MayBreakOff returns what stands against breaking off: it needs a reason, and a supervisor who
// orders it, present or named.
func (p Policy) MayBreakOff(role, reason, supervisor string) []Field {
	v := &validation{}
	v.text("reason", reason, "reason")
	if role != Supervisor {
		v.text("supervisor", supervisor, "supervisor")
	}
	return v.fields
}

// MayClassify returns what stands against a new judgement of a case by someone of the given role.
func (p Policy) MayClassify(role, reason string, from, to Form) []Field {
	v := &validation{fields: p.Classify(to)}
	if len(v.fields) == 0 && p.Loosens(from, to) {
		if role != Supervisor {
			v.add("category", "loosen")
		}
		v.text("reason", reason, "reason")
	}
	return v.fields
}

// Reason returns the words of a reason for going on unrecorded.
func (p Policy) Reason(key, words string) table.Text {
	c, ok := choice(unrecordedReasons, key)
	if !ok || key == "other" {
		return table.Text{En: words, Zh: words}
	}
	return c.Title
}
