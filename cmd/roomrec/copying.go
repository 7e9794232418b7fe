package main

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"roomrec/evidence/seal"
	"roomrec/playback/copies"
)

// Types of the lines that a copy leaves in the journal after the seal, whoever has it made.
const (
	typeCopyAsked     = "copy.requested"
	typeCopyMade      = "copy.made"
	typeCopyCancelled = "copy.cancelled"
	typeCopyFailed    = "copy.failed"
)

// copyLine is the data of all of them.
type copyLine struct {
	Camera   string `json:"camera"`
	Inset    string `json:"inset,omitempty"`
	By       string `json:"by"`
	Reason   string `json:"reason"`
	Approval string `json:"approval"`
	File     string `json:"copy,omitempty"`        // copy.made: under the volume
	SHA256   string `json:"copy_sha256,omitempty"` // copy.made
	Problem  string `json:"problem,omitempty"`     // copy.failed
}

// copyKey tells the copies of one session apart.
type copyKey struct{ camera, inset string }

func (l copyLine) key() copyKey { return copyKey{l.Camera, l.Inset} }

// copyOrder is what someone wants copied, why, and by whose approval.
type copyOrder struct {
	Camera string // as in suspect or room3/suspect
	Inset  string // shown small in its pictures; empty: nothing is
	By     string
	Reason string
	// Approval is rank, name and the document's number of who approved it (Z33).
	Approval string
	Room     string // the room's name as the pictures show it; empty: what Names has for the main camera's room
	Names    names  // of rooms, and of what a card says to have failed
	// Beside says that the copy is begun while the session is recorded.
	Beside bool
}

// named returns the order with what the settings call rooms and everything in them.
func (o copyOrder) named(n names) copyOrder {
	o.Names = n
	return o
}

func (o copyOrder) line(r *copies.Request) copyLine {
	l := copyLine{Camera: r.Main.ID, By: o.By, Reason: o.Reason, Approval: o.Approval}
	if r.Inset != nil {
		l.Inset = r.Inset.ID
	}
	return l
}

// copiesFolder is where copies lie on a volume, beside the sessions.
const copiesFolder = "copies"

// request reads what is copied of a session that was read from all its volumes; the copy lies on that at root.
func (o copyOrder) request(f *folder, root string) (copies.Request, error) {
	dir := filepath.Join(root, filepath.FromSlash(f.path))
	req := copies.Request{
		Session: copySession(f), Dir: filepath.Join(root, copiesFolder, f.id), Original: dir,
		By: o.By, Reason: o.Reason, Approval: o.Approval,
	}
	if o.Beside {
		req.Session.Opening = f.opening.String()
	}
	segments, err := f.segments()
	if err != nil {
		return req, err
	}
	var room string // the main camera's own: a session may have moved
	if req.Main, room, err = copiedCamera(f, segments, o.Camera); err != nil {
		return req, fmt.Errorf("--camera: %w", err)
	}
	req.Session.Room, req.Session.Readings = o.Room, readingsOf(f, room)
	req.Session.Breaks = breaksOf(f, o.Names, cameraOf{room, strings.TrimPrefix(o.Camera, room+"/")})
	if o.Room == "" {
		req.Session.Room = o.Names.room(room)
	}
	if o.Inset != "" {
		inset, _, err := copiedCamera(f, segments, o.Inset)
		if err != nil {
			return req, fmt.Errorf("--inset: %w", err)
		}
		req.Inset = &inset
	}
	return req, nil
}

// copySession is the session as the copy's pictures name it.
func copySession(f *folder) copies.Session {
	s := copies.Session{ID: f.id}
	if f.note != nil {
		s.Seal = seal.SHA256(f.note).String()
	}
	if f.sealed != nil {
		for i := range f.sealed.Runs {
			run := &f.sealed.Runs[i]
			if s.From == 0 || run.First.Wall < s.From {
				s.From = run.First.Wall
			}
			s.To = max(s.To, run.Last.Wall)
		}
	}
	return s
}

// breaksOf are the session's interruptions as the cards of a camera tell them: what failed of another camera is not why
// this one has no picture. The zero camera has all of them.
func breaksOf(f *folder, n names, camera cameraOf) (out []copies.Break) {
	for _, b := range f.record.Table.Breaks {
		if kind, _, _ := strings.Cut(string(b.Cause.Code), "."); (kind == "camera" || kind == "audio" || kind == "overlay") &&
			camera != (cameraOf{}) && camera != (cameraOf{b.Cause.Room, b.Cause.Subject}) {
			continue
		}
		cause := n.cause(b.Cause)
		out = append(out, copies.Break{From: b.LastGood, To: b.FirstGood, Cause: copies.Words(cause)})
	}
	return out
}

// copiedCamera reads a camera's segments, and returns its room too; name is its id, with the room's and / before it
// where two rooms have one of that name.
func copiedCamera(f *folder, segments map[cameraOf][]string, name string) (c copies.Camera, room string, err error) {
	var found []cameraOf
	var all []string
	named := make(map[string]int)
	for _, of := range sortedCameras(segments) {
		all = append(all, of.room+"/"+of.camera)
		named[of.camera]++
		if name == of.camera || name == of.room+"/"+of.camera {
			found = append(found, of)
		}
	}
	if len(found) != 1 {
		return c, "", fmt.Errorf("%q names %d cameras; the session has %s", name, len(found), strings.Join(all, ", "))
	}
	c = copies.Camera{ID: found[0].camera, Growing: f.note == nil}
	if named[c.ID] > 1 {
		c.ID = found[0].room + "-" + c.ID
	}
	names := segments[found[0]]
	for _, rel := range names {
		file, counts, err := f.joint.host(rel)
		if err != nil {
			return c, "", err
		}
		s, err := copies.ReadSegment(file, counts)
		if errors.Is(err, copies.ErrNothing) {
			continue
		}
		if err != nil {
			return c, "", err
		}
		s.Growing = c.Growing && rel == names[len(names)-1]
		c.Segments = append(c.Segments, s)
	}
	return c, found[0].room, nil
}

// copyFile is where a copy lies under its volume.
func copyFile(f *folder, name string) string { return path.Join(copiesFolder, f.id, name) }
