package session

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/session/policy"
)

// fakeWalls keeps comparisons in memory.
type fakeWalls struct {
	kept, later []WallCheck
	err         error
}

func (f *fakeWalls) Keep(_ context.Context, c WallCheck) error {
	if f.err == nil {
		f.kept = append(f.kept, c)
	}
	return f.err
}

func (f *fakeWalls) Later(c WallCheck) { f.later = append(f.later, c) }

// The check at the start of the day: kept before it is shown, with who and when, once for a request; what is no
// answer, who may not open, and a disk that fails are refused. An opening is a comparison as well.
func TestZ23_WallClockOfTheDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		walls := &fakeWalls{}
		s.m.cfg.WallChecks = walls
		s.m.SetClock(ClockView{Trusted: true}, 7*time.Millisecond)
		shown := func() *WallCheckView {
			v, ok := s.m.Room("room3")
			require.True(t, ok)
			return v.WallCheck
		}
		compare := func(actor Actor, room, request string, w policy.WallClock) error {
			return s.m.CompareWallClock(context.Background(), actor, room, w, request)
		}
		require.Nil(t, shown(), "nobody compared yet")

		agrees := policy.WallClock{Says: policy.ClockAgrees}
		for name, c := range map[string]struct {
			actor Actor
			says  policy.WallClock
			code  string
			field string
		}{
			"a reviewer":         {Actor{ID: "x", Role: "reviewer"}, agrees, "role", ""},
			"an administrator":   {Actor{ID: "x", Role: policy.Administrator}, agrees, "role", ""},
			"no answer":          {officer, policy.WallClock{}, "form", "wall_clock"},
			"differs by nothing": {officer, policy.WallClock{Says: policy.ClockDiffers}, "form", "wall_clock.ahead_s"},
		} {
			var no *Refusal
			require.ErrorAs(t, compare(c.actor, "room3", "first", c.says), &no, name)
			require.Equal(t, c.code, no.Code, name)
			if c.field != "" {
				require.Equal(t, c.field, no.Fields[0].Name, name)
			}
		}
		require.ErrorIs(t, compare(officer, "none", "first", agrees), ErrNotFound)
		walls.err = errors.New("disk full")
		var no *Refusal
		require.ErrorAs(t, compare(officer, "room3", "first", agrees), &no)
		require.Equal(t, "not-kept", no.Code)
		require.Empty(t, walls.kept)
		require.Nil(t, shown(), "what is not on disk is not shown")

		walls.err = nil
		at := s.m.cfg.Clock.Now().Wall
		behind := policy.WallClock{Says: policy.ClockDiffers, Ahead: -7}
		for range 2 {
			require.NoError(t, compare(officer, "room3", "second", behind))
		}
		require.Equal(t, []WallCheck{{Room: "room3", At: at, Uncertainty: 7 * time.Millisecond, By: officer, WallClock: behind}}, walls.kept)
		told, _ := behind.Told()
		require.Equal(t, &WallCheckView{At: at, By: officer.ID, Says: policy.ClockDiffers, Ahead: -7, Told: &told}, shown())

		time.Sleep(time.Hour)
		v, err := s.m.Open(context.Background(), officer, "room3", goodForm(), "")
		require.NoError(t, err)
		require.Equal(t, at.Add(time.Hour), v.Opened, "no time is shifted")
		require.Len(t, walls.later, 1)
		require.Equal(t, WallCheck{Room: "room3", At: v.Opened, Uncertainty: 7 * time.Millisecond, By: officer, WallClock: agrees, Session: v.ID}, walls.later[0])
		require.Equal(t, &WallCheckView{At: v.Opened, By: officer.ID, Says: policy.ClockAgrees}, shown())
		s.finish()
	})
}
