package paneltest

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/rs/zerolog"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/clock"
	"roomrec/panel"
)

// Password is what everybody at a site with sign-in has.
const Password = "correct horse battery"

// Signed is a panel over a backend where people sign in.
type Signed struct {
	*Backend
	Panel *panel.Server
	First string // path of the link that makes the first administrator; it is used up once there is one

	people *people.Store
	cost   access.Cost
}

// NewSigned returns one that knows nobody yet and keeps its people in the file name. first is where the browser's
// scripts find a site that knows nobody. Close it after its server has ended.
func NewSigned(ctx context.Context, log zerolog.Logger, name, first string) (*Signed, error) {
	src := clock.NewSystem()
	store, err := people.Open(ctx, name, src)
	if err != nil {
		return nil, err
	}
	cost := access.Cost{Memory: 64, Passes: 1} // KiB: nothing is kept secret here
	b := New(src)
	handlers := b.Handlers()
	handlers["GET /fake/first"] = panel.Handler{Action: access.Anyone, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := io.WriteString(w, first); err != nil {
			panic(http.ErrAbortHandler) // the test that asked has gone
		}
	})}
	secret, link := panel.FirstLink()
	p, err := panel.New(panel.Options{
		Sessions: b, Archive: b, Recordings: b.Recordings(), Live: b.Live(), Transcripts: b.Papers(), Proofs: b, Clock: src, Version: "test", Log: log,
		SignIn: &panel.SignIn{People: store, First: secret, Cost: cost}, Samples: b, Accesses: b, Records: b, Station: b, Loudness: b,
		Handlers: handlers,
	})
	if err != nil {
		b.Close()
		return nil, errors.Join(err, store.Close())
	}
	return &Signed{Backend: b, Panel: p, First: link, people: store, cost: cost}, nil
}

// Staff adds the administrator "admin" and people of other offices, the officer of the scenes among them.
func (s *Signed) Staff(ctx context.Context) error {
	var errs []error
	for _, p := range []people.Person{
		{ID: "admin", Name: "Administrator", Role: string(access.Administrator)},
		{ID: Officer.ID, Name: Officer.Name, Role: Officer.Role, PIN: s.cost.Hash("104729")},
		{ID: "0102", Name: "Supervisor 0102", Role: string(access.Supervisor)},
		{ID: "0205", Name: "Approver 0205", Role: string(access.Approver)},
		{ID: "0311", Name: "Reviewer 0311", Role: string(access.Reviewer)},
	} {
		p.Password = s.cost.Hash(Password)
		errs = append(errs, s.people.Add(ctx, "test", p))
	}
	return errors.Join(errs...)
}

// Close ends the backend and closes the file of people.
func (s *Signed) Close() error {
	s.Backend.Close()
	return s.people.Close()
}
