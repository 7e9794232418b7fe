package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"sync"

	"roomrec/access"
	"roomrec/panel"
	"roomrec/rtsp/rtsptest"
	"roomrec/rtsp/rtsptest/testcard"
	"roomrec/session"
)

// switchboard lets whoever tries the demo break its simulated cameras and mend them. It belongs to
// the simulation: it knows streams and test pictures and nothing of the controller, and the service
// has nothing like it.
type switchboard struct {
	mu      sync.Mutex
	cameras []*demoCamera
}

// demoCamera is one simulated camera with both of its streams.
type demoCamera struct {
	id      string
	name    session.Text
	streams []*rtsptest.Stream // the sound is the second track of each
	videos  []*testcard.Video
	sounds  []*testcard.Sound
	now     map[string]string // what is chosen, by part; absent: the part's first position
}

// part is something of a camera that can be broken. The first of its positions is the healthy one.
type part struct {
	key       string
	name      session.Text
	positions []position
	set       func(c *demoCamera, to string)
}

// position is one choice: what is done to the camera, and what the controller should make of it.
type position struct {
	Key  string
	Name session.Text
	Then session.Text
}

const soundTrack = 1

var demoParts = []part{
	{
		key: "cable", name: session.Text{En: "Network cable", Zh: "网线"},
		positions: []position{
			{Key: "in", Name: session.Text{En: "Plugged in", Zh: "已插好"}},
			{Key: "out", Name: session.Text{En: "Pulled out", Zh: "拔掉"}, Then: session.Text{En: "A running session locks after two seconds.", Zh: "正在进行的讯问约两秒后锁定。"}},
		},
		set: func(c *demoCamera, to string) {
			for _, s := range c.streams {
				s.Silence(to == "out")
			}
		},
	},
	{
		key: "picture", name: session.Text{En: "Picture", Zh: "画面"},
		positions: []position{
			{Key: "good", Name: session.Text{En: "Good", Zh: "正常"}},
			{Key: "frozen", Name: session.Text{En: "Frozen", Zh: "定格"}, Then: session.Text{En: "The same picture again and again. Attention after ten seconds, locked after thirty.", Zh: "画面反复相同。十秒后提示注意，三十秒后锁定。"}},
			{Key: "black", Name: session.Text{En: "Black", Zh: "全黑"}, Then: session.Text{En: "No light. Locked after ten seconds, if this machine has ffmpeg to look at pictures with.", Zh: "没有光线。本机装有 ffmpeg 可查看画面时，十秒后锁定。"}},
			{Key: "covered", Name: session.Text{En: "Covered", Zh: "被遮挡"}, Then: session.Text{En: "As if by a hand. Locked after ten seconds, if this machine has ffmpeg to look at pictures with.", Zh: "如同被手遮住。本机装有 ffmpeg 可查看画面时，十秒后锁定。"}},
		},
		set: func(c *demoCamera, to string) {
			faults := map[string]testcard.Fault{"good": testcard.Healthy, "frozen": testcard.Frozen, "black": testcard.Black, "covered": testcard.Covered}
			for _, v := range c.videos {
				v.Set(faults[to])
			}
		},
	},
	{
		key: "sound", name: session.Text{En: "Sound", Zh: "声音"},
		positions: []position{
			{Key: "good", Name: session.Text{En: "Good", Zh: "正常"}},
			{Key: "dead", Name: session.Text{En: "Microphone dead", Zh: "话筒无声"}, Then: session.Text{En: "Sound arrives, but nothing is in it. Attention after ten seconds, locked after two minutes.", Zh: "有声音信号但没有内容。十秒后提示注意，两分钟后锁定。"}},
			{Key: "gone", Name: session.Text{En: "No sound arrives", Zh: "没有声音信号"}, Then: session.Text{En: "A running session locks after two seconds, though the picture goes on.", Zh: "画面仍在，但正在进行的讯问约两秒后锁定。"}},
		},
		set: func(c *demoCamera, to string) {
			for _, s := range c.sounds {
				if to == "dead" {
					s.Set(testcard.Dead)
				} else {
					s.Set(testcard.Audible)
				}
			}
			for _, s := range c.streams {
				s.Freeze(soundTrack, to == "gone")
			}
		},
	},
}

// turn puts a part of a camera into a position and reports whether there are such.
func (b *switchboard) turn(camera, key, to string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := slices.IndexFunc(b.cameras, func(c *demoCamera) bool { return c.id == camera })
	p := slices.IndexFunc(demoParts, func(p part) bool { return p.key == key })
	if c < 0 || p < 0 || !slices.ContainsFunc(demoParts[p].positions, func(o position) bool { return o.Key == to }) {
		return false
	}
	demoParts[p].set(b.cameras[c], to)
	b.cameras[c].now[key] = to
	return true
}

// page returns the switchboard's page, to which the demo's start page leads.
func (b *switchboard) page() panel.Extra {
	return panel.Extra{
		Path: "/demo", Action: access.Run,
		Title: session.Text{En: "Simulation: break a camera", Zh: "模拟：让摄像机出故障"},
		Body:  b.body,
	}
}

//go:embed demo_faults.html
var demoFaultsHTML string

var demoFaults = template.Must(template.New("demo").Parse(demoFaultsHTML))

// demoWords are the words of the page around its switches.
var demoWords = map[string]session.Text{
	"what":  {En: "These switches belong to the simulation, not to the controller: they break its two cameras as a room's cameras break. A controller in service has no such page.", Zh: "这些开关属于模拟环境，不属于录制主机：它们让两台模拟摄像机像真实摄像机一样出故障。正式使用的录制主机没有此页面。"},
	"try":   {En: "Open a session in the room, start it, then pull a cable here and look at the room's page.", Zh: "请先在讯问室登记并开始讯问，再在此处拔掉网线，然后查看讯问室页面。"},
	"room":  {En: "To the room", Zh: "前往讯问室"},
	"wrong": {En: "There is no such switch.", Zh: "没有此开关。"},
}

type demoSwitch struct {
	position
	Label, Note string
	On          bool
}

type demoRow struct {
	Camera, Key, Name string
	Switches          []demoSwitch
	Then              string // of what is chosen
}

type demoCard struct {
	ID, Name string
	Rows     []demoRow
}

func (b *switchboard) body(lang panel.Lang) (template.HTML, error) {
	in := func(t session.Text) string {
		if lang == panel.Chinese {
			return t.Zh
		}
		return t.En
	}
	words := make(map[string]string, len(demoWords))
	for k, t := range demoWords {
		words[k] = in(t)
	}
	var cards []demoCard
	b.mu.Lock()
	for _, c := range b.cameras {
		card := demoCard{ID: c.id, Name: in(c.name)}
		for _, p := range demoParts {
			row := demoRow{Camera: c.id, Key: p.key, Name: in(p.name)}
			for i, o := range p.positions {
				s := demoSwitch{position: o, Label: in(o.Name), Note: in(o.Then), On: c.now[p.key] == o.Key || c.now[p.key] == "" && i == 0}
				if s.On {
					row.Then = s.Note
				}
				row.Switches = append(row.Switches, s)
			}
			card.Rows = append(card.Rows, row)
		}
		cards = append(cards, card)
	}
	b.mu.Unlock()
	var out bytes.Buffer
	err := demoFaults.Execute(&out, map[string]any{"Words": words, "Cards": cards, "Room": demoRoom})
	// The template has escaped what it put in.
	return template.HTML(out.String()), err
}

// ServeHTTP turns one switch, as its form says, and leads back to the page.
func (b *switchboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, ok := (panel.LoopbackOfficer{}).Who(r); !ok {
		say(w, http.StatusUnauthorized, "only from this machine")
		return
	}
	camera := r.PostFormValue("camera")
	if !b.turn(camera, r.PostFormValue("part"), r.PostFormValue("to")) {
		say(w, http.StatusBadRequest, demoWords["wrong"].En)
		return
	}
	http.Redirect(w, r, "/demo", http.StatusSeeOther)
}
