package access

import "slices"

// Role is what someone is for the controller; a sign-in has exactly one. Whoever serves in two roles
// has two sign-ins, so that every line of a journal says in which one they acted.
type Role string

// The roles of people.
const (
	Officer       Role = "officer"       // opens and runs sessions, sees own ones
	Supervisor    Role = "supervisor"    // sees all rooms and sessions, decides exceptions
	Reviewer      Role = "reviewer"      // reviews recordings and transcripts
	Approver      Role = "approver"      // signs in for approvals alone
	Administrator Role = "administrator" // of machines and people; sees no recording and no case
	Auditor       Role = "auditor"       // reads all records of access, sees no picture
)

// The roles of what is no person. None of them can be given to one.
const (
	Panel Role = "panel" // a machine that is enrolled as the panel of one room
	Demo  Role = "demo"  // whoever sits at the demo's machine
	Host  Role = "host"  // a command of this program, run on the controller by who may read its state
)

// People lists the roles that people can have, in the order of the pages.
func People() []Role { return []Role{Officer, Supervisor, Reviewer, Approver, Administrator, Auditor} }

// Roles lists all roles.
func Roles() []Role { return append(People(), Panel, Demo, Host) }

// Given reports whether r is a role that a person can have.
func (r Role) Given() bool { return slices.Contains(People(), r) }

// Action is what a request wants to do. Every route of the site names one.
type Action string

// The actions. What belongs to one room or one session is, besides, only for those whose room or session
// it is, unless they may AllRooms or AllSessions.
const (
	// Anyone needs no sign-in: signing in, what pages are made of, whether the program runs.
	Anyone Action = "anyone"

	Self         Action = "self"          // know who one is, sign out, change one's own password
	SeeRooms     Action = "see-rooms"     // rooms and whether they are fit, without anything of a case
	WatchRoom    Action = "watch-room"    // live pictures and sound of a room
	KeepPanel    Action = "keep-panel"    // tell that a room's page is there
	Open         Action = "open"          // open a session
	Run          Action = "run"           // start, mark, end … a session
	Call         Action = "call"          // see calls from rooms, send a room a message
	ListSessions Action = "list-sessions" // find sessions
	ViewSession  Action = "view-session"  // see a session and play its recordings
	Transcribe   Action = "transcribe"    // hand in a transcript, explain a difference
	Review       Action = "review"        // tick key facts, judge findings
	Certify      Action = "certify"       // read seal, verdict and certificate of a session
	Copy         Action = "copy"          // make and fetch copies that were approved
	Approve      Action = "approve"       // approve copies, viewing, going on unrecorded
	ReadAccess   Action = "read-access"   // read who has seen what
	SeeStation   Action = "see-station"   // self-tests, volumes, policy in force, log of the station
	ManagePeople Action = "manage-people" // people, roles, panels, tokens
	ManageHost   Action = "manage-host"   // volumes, cameras
	AllSessions  Action = "all-sessions"  // sessions of others too
	AllRooms     Action = "all-rooms"     // what goes on in all rooms
)

// Actions lists all actions that need a sign-in.
func Actions() []Action {
	return []Action{
		Self, SeeRooms, WatchRoom, KeepPanel, Open, Run, Call, ListSessions, ViewSession, Transcribe, Review, Certify, Copy, Approve,
		ReadAccess, SeeStation, ManagePeople, ManageHost, AllSessions, AllRooms,
	}
}

// Known reports whether a is an action at all. A route with another one cannot be registered.
func (a Action) Known() bool { return a == Anyone || slices.Contains(Actions(), a) }

// table is the whole of who may do what.
var table = map[Role][]Action{
	Officer:       {Self, SeeRooms, WatchRoom, KeepPanel, Open, Run, ListSessions, ViewSession, Transcribe, Certify},
	Supervisor:    {Self, SeeRooms, WatchRoom, KeepPanel, Open, Run, Call, ListSessions, ViewSession, Transcribe, Review, Certify, Copy, Approve, ReadAccess, SeeStation, AllSessions, AllRooms},
	Reviewer:      {Self, SeeRooms, ListSessions, ViewSession, Transcribe, Review, Certify, Copy, AllSessions},
	Approver:      {Self, SeeRooms, Approve, Certify},
	Administrator: {Self, SeeRooms, SeeStation, ManagePeople, ManageHost},
	Auditor:       {Self, SeeRooms, ReadAccess, SeeStation},
	Panel:         {SeeRooms, WatchRoom, KeepPanel},
	Demo:          {Self, SeeRooms, WatchRoom, KeepPanel, Open, Run, Call, ListSessions, ViewSession, Transcribe, Review, Certify, Copy, SeeStation, ManageHost, AllSessions, AllRooms},
	Host:          {SeeRooms, SeeStation, ManageHost},
}

// May reports whether someone of that role may do that. Whose room or session it is, is asked besides.
func May(r Role, a Action) bool { return a == Anyone || slices.Contains(table[r], a) }

// Views reports whether whoever does this sees something of a session, so that it belongs on the
// session's journal of access (Z37).
func (a Action) Views() bool {
	return slices.Contains([]Action{WatchRoom, ViewSession, Transcribe, Review, Copy}, a)
}
