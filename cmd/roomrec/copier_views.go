package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"roomrec/panel"
	"roomrec/playback/copies"
	"roomrec/session"
)

// Refusals of copies, and what a page says where none can be made.
var (
	noFFmpeg = session.Text{
		En: "Viewing copies cannot be made on this controller: ffmpeg is not installed. Ask IT to install the Debian packages ffmpeg, fonts-dejavu-core and fonts-noto-cjk. Everything else works without them.",
		Zh: "本机未安装 ffmpeg，无法制作观看用复制件。请信息技术人员安装 Debian 软件包 ffmpeg、fonts-dejavu-core 和 fonts-noto-cjk。其他功能不受影响。",
	}
	notCopied  = &session.Refusal{Code: "not-sealed", Say: session.Text{En: "The session is not sealed yet. Copies are made of sealed sessions.", Zh: "本次录制尚未封存，封存后方可制作复制件。"}}
	copyThere  = &session.Refusal{Code: "copy-there", Say: session.Text{En: "This copy is made already. It is in the list.", Zh: "该复制件已经制作，见列表。"}}
	copyCamera = &session.Refusal{Code: "copy-camera", Say: session.Text{En: "The session has no pictures of this camera.", Zh: "本次录制没有该摄像机的画面。"}}
	copyOver   = &session.Refusal{Code: "copy-over", Say: session.Text{En: "This copy is not being made now.", Zh: "该复制件目前不在制作中。"}}
)

// Copies returns what copies of a session there are and can be.
func (c *copier) Copies(ctx context.Context, id string) (panel.CopiesView, error) {
	o, give, err := c.open(ctx, id)
	if errors.Is(err, notSealed) {
		err = notCopied
	}
	if err != nil {
		return panel.CopiesView{}, err
	}
	defer give()
	return c.view(o)
}

// view is what is known of a session's copies; the caller has the turn of those who read after a seal.
func (c *copier) view(o *opened) (panel.CopiesView, error) {
	v := panel.CopiesView{Cameras: []panel.CopyCamera{}, Copies: []panel.CopyView{}}
	if err := copies.Tools(); err != nil {
		v.Problem = &noFFmpeg
	}
	segments, err := o.segments()
	if err != nil {
		return v, err
	}
	for _, of := range sortedCameras(segments) {
		v.Cameras = append(v.Cameras, panel.CopyCamera{ID: of.room + "/" + of.camera, Name: c.cameraName(of)})
	}
	// The room's first camera is its main picture.
	slices.SortStableFunc(v.Cameras, func(a, b panel.CopyCamera) int { return c.place(a.ID) - c.place(b.ID) })
	for _, said := range foldCopies(o.copies[o.longest].Lines) {
		v.Copies = append(v.Copies, c.viewOf(o, said))
	}
	return v, nil
}

// place is a camera's place in the settings.
func (c *copier) place(id string) int {
	roomID, cameraID, _ := strings.Cut(id, "/")
	n := 0
	for _, r := range c.station.rooms.all() {
		for _, cam := range r.cameras {
			if r.setup.ID == roomID && cam.setup.id == cameraID {
				return n
			}
			n++
		}
	}
	return n
}

func (c *copier) cameraName(of cameraOf) session.Text { return c.station.cameraName(of) }

func (st *station) cameraName(of cameraOf) session.Text {
	if cam, ok := st.rooms.get(of.room).camera(of.camera); ok {
		return cam.setup.name
	}
	return session.Text{En: of.camera, Zh: of.camera}
}

// viewOf is one copy, as its lines and its job tell it.
func (c *copier) viewOf(o *opened, said copied) panel.CopyView {
	name := func(id string) session.Text {
		if roomID, cameraID, ok := strings.Cut(unambiguous(&o.folder, id), "/"); ok {
			return c.cameraName(cameraOf{roomID, cameraID})
		}
		return c.cameraName(cameraOf{o.record.Table.Room, id})
	}
	v := panel.CopyView{
		ID: said.id(), Camera: name(said.Camera), State: said.state, Left: -1, By: said.By, Reason: said.Reason, Approval: said.Approval,
		At: said.at, SHA256: said.SHA256,
	}
	if said.Inset != "" {
		inset := name(said.Inset)
		v.Inset = &inset
	}
	switch said.state {
	case panel.CopyDone:
		v.Percent = 100
		v.File = path.Base(said.File)
	case panel.CopyFailed:
		v.Problem = &session.Text{
			En: "The copy could not be made: " + said.Problem + ". Ask again when this is mended; what was done of it is used.",
			Zh: "复制件未能制作：" + said.Problem + "。排除后可再次申请，已完成的部分会继续使用。",
		}
	case panel.CopyWaiting, panel.CopyChecking, panel.CopyRunning, panel.CopyCancelled:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, j := range c.jobs {
		if j.session == o.id && j.line.key() == said.key() && said.state == panel.CopyWaiting {
			v.State, v.Percent, v.Left = j.state, int(j.progress.Done*100), -1
			if j.state == panel.CopyWaiting {
				v.Ahead = i
			}
			if j.state == panel.CopyRunning && j.progress.Left >= 0 {
				v.Left = int(j.progress.Left.Seconds())
			}
		}
	}
	return v
}

// id tells the copies of a session apart on its page.
func (l copyLine) id() string {
	if l.Inset == "" {
		return l.Camera
	}
	return l.Camera + "+" + l.Inset
}

// Order has a copy made.
func (c *copier) Order(ctx context.Context, actor session.Actor, id string, w panel.CopyOrder) (panel.CopiesView, error) {
	if err := copies.Tools(); err != nil {
		return panel.CopiesView{}, &session.Refusal{Code: "no-ffmpeg", Say: noFFmpeg}
	}
	o, give, err := c.open(ctx, id)
	if errors.Is(err, notSealed) {
		err = notCopied
	}
	if err != nil {
		return panel.CopiesView{}, err
	}
	give()
	if o.readOnly != nil {
		return panel.CopiesView{}, o.readOnly
	}
	order := copyOrder{
		Camera: w.Camera, Inset: w.Inset, By: named(actor), Reason: w.Reason, Approval: w.Rank + ", " + w.Name + ", " + w.Number,
	}.named(c.station.names())
	segments, err := o.segments()
	if err != nil {
		return panel.CopiesView{}, err
	}
	for _, cam := range []string{w.Camera, w.Inset} {
		roomID, cameraID, _ := strings.Cut(cam, "/")
		if cam != "" && len(segments[cameraOf{roomID, cameraID}]) == 0 || w.Camera == w.Inset {
			return panel.CopiesView{}, copyCamera
		}
	}
	req, err := order.request(&o.folder, o.root())
	if errors.Is(err, copies.ErrNothing) {
		return panel.CopiesView{}, copyCamera
	}
	if err != nil {
		return panel.CopiesView{}, err
	}
	for _, said := range foldCopies(o.copies[o.longest].Lines) {
		if said.key() != order.line(&req).key() {
			continue
		}
		switch said.state {
		case panel.CopyDone:
			return panel.CopiesView{}, copyThere
		case panel.CopyWaiting:
			return c.Copies(ctx, id) // it is being made
		case panel.CopyChecking, panel.CopyRunning, panel.CopyCancelled, panel.CopyFailed:
		}
	}
	switch err := c.ask(ctx, o, order, actor); {
	case errors.Is(err, copies.ErrThere): // by a command on this machine, whose line got lost
		return panel.CopiesView{}, copyThere
	case err != nil:
		return panel.CopiesView{}, err
	}
	return c.Copies(ctx, id)
}

// Cancel ends the making of a copy.
func (c *copier) Cancel(ctx context.Context, actor session.Actor, id, which string) (panel.CopiesView, error) {
	c.mu.Lock()
	var found *copyJob
	for _, j := range c.jobs {
		if j.session == id && j.line.id() == which {
			found = j
		}
	}
	waits := false
	if found != nil {
		found.revoked = &actor
		if waits = found.stop == nil; waits {
			c.jobs = slices.DeleteFunc(c.jobs, func(j *copyJob) bool { return j == found })
		} else {
			found.stop()
		}
	}
	c.mu.Unlock()
	if found == nil {
		return panel.CopiesView{}, copyOver
	}
	if waits { // nobody else writes down what became of it
		if err := c.papers.Note(ctx, id, typeCopyCancelled, actor, found.line); err != nil {
			return panel.CopiesView{}, err
		}
	}
	return c.Copies(ctx, id)
}

// Copy opens a finished copy.
func (c *copier) Copy(_ context.Context, id, name string) (panel.File, error) {
	if _, ok := folderOf(id); !ok || path.Base(name) != name {
		return nil, panel.ErrNotFound
	}
	for _, v := range c.station.disks.all() {
		f, err := openSegment(v.Files(), path.Join(copiesFolder, id, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return playedFile{io.NewSectionReader(f, 0, f.size), f}, nil
	}
	return nil, panel.ErrNotFound
}
