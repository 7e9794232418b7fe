package main

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"path/filepath"

	"roomrec/clock"
	"roomrec/evidence/journal"
	"roomrec/evidence/seal"
	"roomrec/evidence/stationlog"
	"roomrec/evidence/volume"
	"roomrec/session"
	"roomrec/session/table"
)

// makeLog makes the station's log of its sessions. A technical recording without the service has none.
func (st *station) makeLog() error {
	known, err := seal.Remembered(filepath.Join(st.setup.stateDir, keysFolder))
	if err != nil {
		return err
	}
	st.sessions = stationlog.New(stationlog.Config{
		Dir: st.setup.stateDir, Mark: volume.MarkerName, Clock: st.clock, Key: st.sealKey, Known: known, Witnesses: st.witnesses(),
		Volumes: func() []string {
			var dirs []string
			for _, v := range st.disks.healthy() {
				dirs = append(dirs, v.Dir())
			}
			return dirs
		},
		Report: (&logHealth{tell: st.logFailed}).report,
	})
	st.recorder.logged, st.logRead = st.sessions.Add, make(chan struct{})
	return nil
}

// logHealth tells of a log that cannot be written: of one failure nothing, as of a disk that is just leaving;
// of the second in a row, and of its end.
type logHealth struct {
	tell   func(err error, raised bool)
	failed int
	raised bool
}

// report takes in what the log says of itself: an error, or nil once it works again.
func (h *logHealth) report(err error) {
	if err == nil {
		h.failed = 0
		if h.raised {
			h.raised = false
			h.tell(nil, false)
		}
		return
	}
	h.failed++
	raise := h.failed == 2
	h.raised = h.raised || raise
	h.tell(err, raise)
}

// logFailed logs what is wrong with the station's log, and says it on every room's page when it lasts.
func (st *station) logFailed(err error, raised bool) {
	if err != nil {
		st.log.Error().Err(err).Msg("station log")
		if !raised {
			return
		}
	}
	event := session.FaultEvent{Code: table.LogFailed, Raised: raised, Alarm: true, At: st.clock.Now()}
	if err != nil {
		event.Detail = err.Error()
	}
	st.manager.Report("", event)
}

// keepLog adds what is on the disks and was never logged, as after a crash between a seal and its
// entry, and keeps the log until ctx ends.
func (st *station) keepLog(ctx context.Context) error {
	if err := st.sessions.Open(); err != nil {
		// It is tried again; what is found is then told from what is logged.
		st.log.Error().Err(err).Msg("station log")
	}
	close(st.logRead)
	for _, v := range st.disks.healthy() {
		if _, foreign := st.sessions.Foreign(v.Dir()); foreign {
			continue // its sessions are another station's
		}
		if err := st.logFound(v.Files()); err != nil {
			st.log.Error().Err(err).Str("volume", v.ID()).Msg("station log")
		}
	}
	return st.sessions.Run(ctx)
}

// logFound asks for an entry for everything on a volume that has none.
func (st *station) logFound(files fs.FS) error {
	folders, err := sessionsOn(files) // what can be read is logged, whatever else cannot
	for _, at := range folders {
		id := path.Base(at)
		if !st.sessions.Has(stationlog.Opened, id) {
			b, err := fs.ReadFile(files, path.Join(at, journal.FileName(1)))
			if err != nil {
				continue // the verifier, not this, says what is wrong with a folder
			}
			end := bytes.IndexByte(b, '\n') + 1
			line, err := journal.Parse(b[:end])
			if err != nil {
				continue
			}
			st.sessions.Add(stationlog.Entry{Kind: stationlog.Opened, Session: id, At: line.Wall, Hash: seal.SHA256(b[:end]), Found: true})
		}
		if st.sessions.Has(stationlog.Sealed, id) {
			continue
		}
		a, failed := seal.Find(files, at)
		if failed != nil || !a.Sealed() {
			continue // not sealed yet
		}
		if s, err := seal.Parse(a.Note); err == nil {
			st.sessions.Add(stationlog.Entry{Kind: stationlog.Sealed, Session: id, At: s.Sealed.Wall, Hash: seal.SHA256(a.Note), Found: true})
		}
	}
	return err
}

// openedEntry returns the log's entry for a session that was opened.
func openedEntry(id string, at clock.Wall, first journal.Hash, found bool) stationlog.Entry {
	return stationlog.Entry{Kind: stationlog.Opened, Session: id, At: at, Hash: seal.Hash(first), Found: found}
}
