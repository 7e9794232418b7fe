package main

import (
	"path/filepath"
	"strings"

	"roomrec/config"
	"roomrec/session"
	"roomrec/session/table"
)

// names is what people call cameras and disks, for pictures and papers that outlive the settings. A session's
// folder knows ids alone. The zero value has no names.
type names struct {
	rooms   map[string]session.Text
	cameras map[cameraOf]session.Text
	disks   map[string]string // by the volume's id
}

// namesIn returns what the settings call a site's rooms and cameras.
func namesIn(c *config.Config) names {
	n := names{rooms: make(map[string]session.Text), cameras: make(map[cameraOf]session.Text)}
	for _, r := range c.Rooms {
		n.rooms[r.ID] = text(r.Name)
		for _, cam := range r.Cameras {
			n.cameras[cameraOf{r.ID, cam.ID}] = text(cam.Name)
		}
	}
	return n
}

// names returns what the settings in force call everything here.
func (st *station) names() names {
	n := names{rooms: make(map[string]session.Text), cameras: make(map[cameraOf]session.Text), disks: make(map[string]string)}
	for _, r := range st.rooms.all() {
		n.rooms[r.setup.ID] = r.setup.Name
		for _, cam := range r.cameras {
			n.cameras[cameraOf{r.setup.ID, cam.setup.id}] = cam.setup.name
		}
	}
	for _, v := range st.disks.all() {
		n.disks[v.ID()] = filepath.Base(v.Dir())
	}
	return n
}

// room is a room's name in both languages side by side, once where they are the same; its id where there is none.
func (n names) room(id string) string {
	name := n.rooms[id]
	switch {
	case name.En == "" && name.Zh == "":
		return id
	case name.Zh == "" || name.Zh == name.En:
		return name.En
	case name.En == "":
		return name.Zh
	}
	return name.En + " " + name.Zh
}

// subject names what failed. What the settings do not name (any more) is said to be what it is, with its id.
func (n names) subject(f table.Fault) session.Text {
	if name, ok := n.cameras[cameraOf{f.Room, f.Subject}]; ok && (name != session.Text{En: f.Subject, Zh: f.Subject}) {
		return name
	}
	if name := n.disks[f.Subject]; name != "" {
		return session.Text{En: name, Zh: name}
	}
	kind, _, _ := strings.Cut(string(f.Code), ".")
	if kind == "camera" || kind == "audio" || kind == "overlay" {
		return session.Text{En: "Camera " + f.Subject, Zh: "摄像机“" + f.Subject + "”"}
	}
	return session.Text{En: f.Subject, Zh: f.Subject}
}

// cause says in words what a fault was.
func (n names) cause(f table.Fault) session.Text {
	known, ok := session.FaultOf(f.Code)
	if !ok {
		return session.Text{En: string(f.Code), Zh: string(f.Code)}
	}
	return known.Title.About(n.subject(f))
}
