package paneltest

import (
	"context"

	"roomrec/panel"
)

// Station implements panel.Station.
func (b *Backend) Station(context.Context) (panel.StationView, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v := panel.StationView{
		Keys: []panel.StationKey{{Text: "room-recorder-1+3f9a0c11+AbPyL7mCq0Wc3Yk0mJt5m8p9a7c2X1sQe4vN6uTz8Hh0", Present: true}},
		Log:  panel.StationLog{Kept: true, Entries: 412},
		Settings: []panel.Setting{
			{Key: "session.closing", Value: "1m0s"}, {Key: "policy.sample_percent", Value: "5"}, {Key: "faults.camera_lost", Value: "2s"}, {Key: "faults.storage_hung", Value: "5s"},
		},
	}
	for _, one := range b.rooms[b.order[0]].view.Volumes {
		v.Volumes = append(v.Volumes, panel.StationVolume{VolumeView: one, Path: "/srv/" + one.Name})
	}
	return v, nil
}
