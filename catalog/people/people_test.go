package people

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, name string) *Store {
	t.Helper()
	s, err := Open(t.Context(), name, clock.NewSystem())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func pointer[T any](v T) *T { return &v }

func TestPeople(t *testing.T) {
	name := filepath.Join(t.TempDir(), "people.db")
	s, ctx := open(t, name), t.Context()
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	empty, err := s.Empty(ctx)
	require.NoError(t, err)
	require.True(t, empty)

	first := Person{ID: "admin", Name: "First", Role: "administrator", Password: "hash"}
	require.NoError(t, s.AddFirst(ctx, first))
	require.ErrorIs(t, s.AddFirst(ctx, Person{ID: "other", Role: "administrator"}), ErrNotFirst)
	require.NoError(t, s.Add(ctx, "admin", Person{ID: "0417", Name: "Officer", Role: "officer", PIN: "pin"}))
	require.ErrorIs(t, s.Add(ctx, "admin", Person{ID: "0417", Role: "auditor"}), ErrTaken)
	require.ErrorIs(t, s.Add(ctx, "admin", Person{ID: "ADMIN", Role: "auditor"}), ErrTaken, "case of letters makes no other person")

	p, err := s.Person(ctx, "0417")
	require.NoError(t, err)
	require.Equal(t, Person{ID: "0417", Name: "Officer", Role: "officer", PIN: "pin", Epoch: 1}, p)
	_, err = s.Person(ctx, "none")
	require.ErrorIs(t, err, ErrNotFound)

	require.NoError(t, s.Change(ctx, "admin", "0417", Change{Role: pointer("supervisor"), Password: pointer("secret hash")}))
	p, err = s.Person(ctx, "0417")
	require.NoError(t, err)
	require.Equal(t, "supervisor", p.Role)
	require.EqualValues(t, 2, p.Epoch, "sign-ins from before count no more")
	require.ErrorIs(t, s.Change(ctx, "admin", "none", Change{}), ErrNotFound)

	// The last administrator stays, whatever is tried.
	for _, c := range []Change{{Shut: pointer(true)}, {Role: pointer("auditor")}, {Password: pointer("")}} {
		require.ErrorIs(t, s.Change(ctx, "admin", "admin", c), ErrLast)
	}
	p, err = s.Person(ctx, "admin")
	require.NoError(t, err)
	require.False(t, p.Shut)

	deeds, err := s.Deeds(ctx, 10)
	require.NoError(t, err)
	require.Len(t, deeds, 3, "what was refused was not done")
	require.Equal(t, "admin", deeds[0].Actor)
	require.NotContains(t, deeds[0].What, "secret")
	require.True(t, strings.Contains(deeds[0].What, "password") && strings.Contains(deeds[0].What, "role=officer→supervisor"))
}

// Whoever gets another name keeps the id, is found under the former name too, and the list of deeds says what
// it was and what it is.
func TestANewNameIsOnTheListOfDeeds(t *testing.T) {
	s, ctx := open(t, filepath.Join(t.TempDir(), "people.db")), t.Context()
	require.NoError(t, s.AddFirst(ctx, Person{ID: "admin", Name: "First", Role: "administrator", Password: "hash"}))
	require.NoError(t, s.Add(ctx, "admin", Person{ID: "0417", Name: "王芳", Role: "officer", Password: "hash"}))
	require.NoError(t, s.Change(ctx, "admin", "0417", Change{Name: pointer("王芳"), Role: pointer("officer"), Shut: pointer(false)}))
	p, err := s.Person(ctx, "0417")
	require.NoError(t, err)
	require.EqualValues(t, 1, p.Epoch, "what is as it was is no change: nobody is signed out")

	for _, name := range []string{"王小芳", `A "B"`, "王芳", "王小芳"} {
		require.NoError(t, s.Change(ctx, "admin", "0417", Change{Name: &name}))
	}
	p, err = s.Person(ctx, "0417")
	require.NoError(t, err)
	require.Equal(t, "王小芳", p.Name)
	require.ElementsMatch(t, []string{"王芳", "王小芳", `A "B"`}, p.Names())
	require.EqualValues(t, 5, p.Epoch)
	deeds, err := s.Deeds(ctx, 10)
	require.NoError(t, err)
	require.Len(t, deeds, 6)
	require.Equal(t, Deed{At: deeds[3].At, Actor: "admin", What: `person.change name="王芳"→"王小芳"`, Subject: "0417"}, deeds[3])
	require.Equal(t, `person.change name="王小芳"→"A \"B\""`, deeds[2].What)

	// A former name that somebody else has now is theirs.
	require.NoError(t, s.Add(ctx, "admin", Person{ID: "0733", Name: "王芳", Role: "officer", Password: "hash"}))
	p, err = s.Person(ctx, "0417")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"王小芳", `A "B"`}, p.Names())
	require.ElementsMatch(t, []string{"王芳", `A "B"`}, strings.Split(p.Ever, "\n"), "and was this person's all the same")
	all, err := s.People(ctx)
	require.NoError(t, err)
	require.Equal(t, p, all[0])
	require.Empty(t, all[1].Former)
}

func TestOnlyOneIsFirst(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "people.db"))
	var won sync.Map
	var all sync.WaitGroup
	for _, id := range []string{"a", "b", "c", "d"} {
		all.Go(func() {
			if err := s.AddFirst(context.Background(), Person{ID: id, Role: "administrator"}); err == nil {
				won.Store(id, true)
			} else if !errors.Is(err, ErrNotFirst) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n := 0
	won.Range(func(any, any) bool { n++; return true })
	require.Equal(t, 1, n)
}

func TestPanelsAndSignIns(t *testing.T) {
	name := filepath.Join(t.TempDir(), "people.db")
	s, ctx := open(t, name), t.Context()
	require.NoError(t, s.Enrol(ctx, "admin", Panel{ID: "p1", Room: "room3", Name: "Screen"}, "panel-token"))
	p, err := s.PanelOf(ctx, "panel-token")
	require.NoError(t, err)
	require.Equal(t, "room3", p.Room)
	_, err = s.PanelOf(ctx, "another")
	require.ErrorIs(t, err, ErrNotFound)
	require.NoError(t, s.ShutPanel(ctx, "admin", "p1"))
	_, err = s.PanelOf(ctx, "panel-token")
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorIs(t, s.ShutPanel(ctx, "admin", "none"), ErrNotFound)

	require.NoError(t, s.Commit("cookie-token", []byte("data"), s.clock.Now().Wall.Time().Add(time.Hour)))
	b, ok, err := s.Find("cookie-token")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "data", string(b))
	require.NoError(t, s.Commit("ended-token", []byte("data"), s.clock.Now().Wall.Time().Add(-time.Hour)))
	_, ok, err = s.Find("ended-token")
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, s.Delete("cookie-token"))
	_, ok, err = s.Find("cookie-token")
	require.NoError(t, err)
	require.False(t, ok)

	// Nothing of a token can be read in the file.
	for _, file := range []string{name, name + "-wal"} {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, secret := range []string{"panel-token", "cookie-token", "ended-token"} {
			require.NotContains(t, string(raw), secret, file)
		}
	}
}
