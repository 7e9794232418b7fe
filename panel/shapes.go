package panel

import "roomrec/session/table"

// shapeOf names the sign and the colour of a state: field, shape and word always go together.
func shapeOf(s table.State) string {
	switch s {
	case table.Standby, table.Questioning, table.Closing:
		return "rec"
	case table.Locked:
		return "locked"
	case table.Resuming:
		return "resume"
	case table.Unrecorded:
		return "unrec"
	case table.Sealed:
		return "sealed"
	case table.Starting, table.None:
		return "off"
	}
	return "off"
}
