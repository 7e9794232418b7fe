package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"roomrec/evidence/volume"
	"roomrec/panel"
)

// errInUse: the folder is in use by this controller already.
var errInUse = errors.New("the folder is in use already; if its disk failed, it is tried again by itself")

// addVolume takes a marked folder into use until the program ends, sessions that run included.
func (st *station) addVolume(path string) (id string, err error) {
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("volume %s: want an absolute path", path)
	}
	path = filepath.Clean(path)
	if st.disks.uses(path) {
		return "", fmt.Errorf("volume %s: %w", path, errInUse)
	}
	if err := st.disks.add(path, ""); err != nil {
		return "", err
	}
	for _, v := range st.disks.all() {
		if v.Dir() == path {
			id = v.ID()
		}
	}
	st.log.Warn().Str("volume", id).Str("path", path).Msg("volume added; name it in the configuration, too")
	return id, nil
}

// volumeWanted is what is asked of the controller, volumeAdded what it answers.
type volumeWanted struct {
	Path string `json:"path" doc:"A marked folder on the controller, absolute"`
}

type volumeAdded struct {
	ID    string `json:"id,omitempty" doc:"The volume's, if it is in use now"`
	Path  string `json:"path"`
	Error string `json:"error,omitempty" doc:"Why not, for a technician"`
}

var volumesDoc = panel.Doc{
	ID: "add-volume", Summary: "Take a folder into use as a volume",
	Description: "Sessions that run use it at once, those that are locked because the last disk failed included. It is in use until the controller stops.",
	Body:        volumeWanted{},
	Answers: map[int]any{
		http.StatusCreated: volumeAdded{}, http.StatusBadRequest: volumeAdded{}, http.StatusConflict: volumeAdded{}, http.StatusUnprocessableEntity: volumeAdded{},
	},
}

// postVolume answers POST /api/v1/volumes, whose body names an absolute path on the controller.
func (st *station) postVolume(w http.ResponseWriter, r *http.Request) {
	var in volumeAdded
	answer := func(status int) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		// Who asked is gone if this fails.
		_ = json.NewEncoder(w).Encode(in)
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 8<<10)).Decode(&in); err != nil || in.Path == "" {
		in.Error = `want {"path": "/folder"}`
		answer(http.StatusBadRequest)
		return
	}
	id, err := st.addVolume(in.Path)
	switch {
	case errors.Is(err, errInUse), errors.Is(err, volume.ErrInUse):
		in.Error = err.Error()
		answer(http.StatusConflict)
	case err != nil:
		in.Error = err.Error()
		answer(http.StatusUnprocessableEntity)
	default:
		in.ID = id
		answer(http.StatusCreated)
	}
}

type volumeAddCmd struct {
	Dir string `arg:"" help:"A marked folder on the controller; see volume init."`
	serviceFlags
	JSON bool `help:"Answer in JSON." name:"json"`
}

// addWithin is how long the controller may take to answer.
const addWithin = 30 * time.Second

// Run asks the controller that runs to use the folder, for the sessions that run as well.
func (c *volumeAddCmd) Run(e *env) error {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	var out volumeAdded
	if err := c.ask(e, http.MethodPost, "/api/v1/volumes", addWithin, volumeWanted{Path: dir}, &out); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]string{"id": out.ID, "path": out.Path})
	}
	_, err = fmt.Fprintf(e.stdout, "%s is in use as volume %s until the controller stops; name it in the configuration as well\n", out.Path, out.ID)
	return err
}
