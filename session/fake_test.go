package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"roomrec/clock"
)

// fakeRecorder stands in for the evidence: it remembers what it was told and can be made to fail.
type fakeRecorder struct {
	clock clock.Source

	mu      sync.Mutex
	told    []string // what happened since the last look, in order
	lines   []JournalLine
	sealed  bool
	failing bool
	hang    chan struct{} // Append waits for it if not nil
	noSeal  bool
}

func (f *fakeRecorder) tell(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, fmt.Sprintf(format, args...))
}

// look returns what happened since the last look.
func (f *fakeRecorder) look() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	told := f.told
	f.told = nil
	return told
}

func (f *fakeRecorder) write(l Line) error {
	data, err := json.Marshal(l.Data)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failing {
		return errors.New("no volume takes it")
	}
	if f.sealed {
		return errors.New("sealed")
	}
	f.lines = append(f.lines, JournalLine{Type: l.Type, Actor: l.Actor, At: l.At, Data: data})
	f.told = append(f.told, fmt.Sprintf("journal %s by %s", l.Type, l.Actor))
	return nil
}

func (f *fakeRecorder) Create(_ context.Context, o Opening) (Evidence, error) {
	if err := f.write(o.First); err != nil {
		return nil, err
	}
	return &fakeEvidence{f}, nil
}

func (f *fakeRecorder) Resume(_ context.Context, o Opening) (Evidence, error) {
	f.tell("resumes %s", o.Room)
	return &fakeEvidence{f}, nil
}

type fakeEvidence struct{ f *fakeRecorder }

func (e *fakeEvidence) Append(ctx context.Context, l Line) error {
	e.f.mu.Lock()
	hang := e.f.hang
	e.f.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return e.f.write(l)
}

func (e *fakeEvidence) Record(room, camera string) error {
	e.f.tell("records %s/%s", room, camera)
	return nil
}

func (e *fakeEvidence) StopRecording(context.Context) error {
	e.f.tell("recording stops")
	return nil
}

func (e *fakeEvidence) Seal(_ context.Context, facts any) (SealResult, error) {
	if _, err := json.Marshal(facts); err != nil {
		return SealResult{}, err
	}
	e.f.mu.Lock()
	defer e.f.mu.Unlock()
	if e.f.noSeal {
		e.f.told = append(e.f.told, "seal fails")
		return SealResult{}, errors.New("no volume takes it")
	}
	e.f.sealed = true
	e.f.told = append(e.f.told, "sealed")
	return SealResult{Hash: "9f3ca17e", At: clock.Instant{Wall: e.f.clock.Now().Wall}, Key: "station+1234"}, nil
}

func (e *fakeEvidence) Close(context.Context) error {
	e.f.tell("files closed")
	return nil
}
