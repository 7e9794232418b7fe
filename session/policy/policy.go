package policy

// Policy is the law's policy as a site has tightened it. The zero Policy is the law alone.
type Policy struct {
	// Also lists further categories, by key, whose sessions must be recorded.
	Also []string
}

// The kinds of rooms (Z22).
const (
	HandlingArea = "handling-area" // 办案区
	Mobile       = "mobile"        // mobile equipment
)
