package paneltest

import (
	"fmt"
	"net/http"
	"time"

	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/session/table"
)

// Many gives the site six rooms more, in as many states, as a station's area has them; or takes them away.
func (b *Backend) Many(yes bool) error {
	b.mu.Lock()
	scenes := []string{"questioning", "unrecorded", "resuming", "questioning", "ready", "ready"}
	for i := range scenes {
		id := fmt.Sprintf("more%d", i+1)
		if yes && b.rooms[id] == nil {
			b.add(id, session.Text{En: fmt.Sprintf("Room %d", i+4), Zh: fmt.Sprintf("%d 号讯问室", i+4)}, policy.HandlingArea)
		}
		if !yes && b.rooms[id] != nil {
			delete(b.rooms, id)
			b.order = b.order[:len(b.order)-1]
		}
	}
	b.mu.Unlock()
	if !yes {
		return nil
	}
	for i, scene := range scenes {
		if err := b.Set(fmt.Sprintf("more%d", i+1), scene); err != nil {
			return err
		}
	}
	b.fault("more4", table.PanelLost, 29*time.Second)
	b.fault("more5", table.RoomUnopened, 74*time.Second)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, id := range b.order {
		for j := range b.rooms[id].view.Cameras {
			level := float64(20+(i*37+j*11)%60) / 100
			b.rooms[id].view.Cameras[j].Sound = &level
		}
	}
	return nil
}

// fault opens a fault in a room that locks nothing.
func (b *Backend) fault(id string, code table.Code, ago time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, _ := session.FaultOf(code)
	r := b.rooms[id]
	r.view.Faults = append(r.view.Faults, session.FaultView{Code: string(code), Since: b.clock.Now().Wall.Add(-ago), Title: f.Title, What: f.What, Do: f.Do, Clause: f.Clause})
	b.touch(id)
}

func (b *Backend) many(w http.ResponseWriter, r *http.Request) {
	if err := b.Many(r.URL.Query().Get("rooms") != "few"); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
