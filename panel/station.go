package panel

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/session"
)

// Station tells what the controller itself is made of. It changes nothing.
type Station interface {
	Station(ctx context.Context) (StationView, error)
}

// StationView is what the page of the station shows besides its rooms. No secret is in it.
type StationView struct {
	Volumes  []StationVolume `json:"volumes"`
	Keys     []StationKey    `json:"keys" doc:"Public halves of every key that signed here, the present one first"`
	Log      StationLog      `json:"log"`
	Settings []Setting       `json:"settings" doc:"In force, as the configuration and its defaults give them"`
}

// StationVolume is one volume with where it is.
type StationVolume struct {
	session.VolumeView
	Path string `json:"path"`
}

// StationKey is the public half of a key.
type StationKey struct {
	Text    string `json:"key" doc:"A C2SP verifier key: name+hash+key"`
	Present bool   `json:"present"`
}

// StationLog is the log of every opening and seal of this station.
type StationLog struct {
	Kept    bool  `json:"kept"`
	Entries int64 `json:"entries"`
}

// Setting is one setting in force.
type Setting struct {
	Key   string `json:"key" doc:"as in faults.camera_lost"`
	Value string `json:"value"`
}

// stationRoutes adds the page of the station.
func (s *Server) stationRoutes(rt *routes) {
	if s.station == nil {
		return
	}
	rt.page("GET /station", access.SeeStation, s.stationPage)
	operation(rt, access.SeeStation, huma.Operation{
		OperationID: "station", Method: http.MethodGet, Path: apiRoot + "/station", Summary: "What the controller is made of",
	}, func(ctx context.Context, _ *struct{}) (*bodyOf[StationView], error) {
		v, err := s.station.Station(ctx)
		if err != nil {
			return nil, s.problemOf("station", err)
		}
		return &bodyOf[StationView]{v}, nil
	})
}

// stationPage is what the page of the station is made from.
type stationPage struct {
	StationView
	Rooms  []session.RoomView
	Policy Asked
}

// Hours returns for how many hours a volume's space will do, or -1.
func (stationPage) Hours(v StationVolume) int { return int(v.HoursLeft) }

// Gigabytes returns a volume's free space.
func (stationPage) Gigabytes(v StationVolume) int64 { return int64(v.FreeBytes / 1e9) }

// When returns when a room was tested.
func (p stationPage) When(r session.RoomView) string {
	if r.Tested == nil {
		return ""
	}
	return rowOf(Record{Zone: r.Zone}).When(r.Tested.At)
}

func (s *Server) stationPage(w http.ResponseWriter, r *http.Request) {
	v, err := s.station.Station(r.Context())
	if err != nil {
		s.fail(w, r, "station", err)
		return
	}
	s.render(w, r, http.StatusOK, "station", stationPage{v, personOf(r.Context()).shownAll(s.sessions.Rooms()), s.asked()})
}
