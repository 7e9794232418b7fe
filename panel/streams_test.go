package panel_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"roomrec/clock"
	"roomrec/session"
	"roomrec/session/table"
)

type event struct{ name, data string }

// listen opens an event stream and hands its events on.
func listen(t *testing.T, c *http.Client, url string) <-chan event {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	require.NoError(t, err)
	resp, err := c.Do(req)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	events := make(chan event, 1000)
	go func() {
		defer close(events)
		sc := bufio.NewScanner(resp.Body)
		sc.Buffer(nil, 1<<20)
		var e event
		for sc.Scan() {
			switch line := sc.Text(); {
			case strings.HasPrefix(line, "event: "):
				e.name = line[7:]
			case strings.HasPrefix(line, "data: "):
				e.data = line[6:]
			case line == "" && e.name != "":
				events <- e
				e = event{}
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		_ = resp.Body.Close()
		for range events { // until the reader is gone
		}
	})
	return events
}

func next(t *testing.T, events <-chan event, name string) event {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for {
		select {
		case e, ok := <-events:
			require.True(t, ok, "the stream ended")
			if e.name == name {
				return e
			}
		case <-deadline.C:
			require.Fail(t, "no event "+name)
		}
	}
}

func TestEventsAreWholeAndBeatEachSecond(t *testing.T) {
	site, url, c := open(t)
	events := listen(t, c, url+"/api/v1/rooms/room3/events")
	first := <-events
	require.Equal(t, "room", first.name, "the first event is a whole view")
	var v session.RoomView
	require.NoError(t, json.Unmarshal([]byte(first.data), &v))
	require.Equal(t, "room3", v.ID)
	require.Len(t, v.Cameras, 2)
	a := next(t, events, "beat")
	b := next(t, events, "beat")
	var x, y struct {
		Now     time.Time
		Version string
	}
	require.NoError(t, json.Unmarshal([]byte(a.data), &x))
	require.NoError(t, json.Unmarshal([]byte(b.data), &y))
	require.InDelta(t, 1.0, y.Now.Sub(x.Now).Seconds(), 0.5)
	require.NotEmpty(t, x.Version)
	require.Contains(t, string(do(t, c, "GET", url+"/rooms/room3", nil).body), `name="version" content="`+x.Version+`"`, "a page is of the version that the events name")
	require.NoError(t, site.Set("room3", "locked"))
	require.NoError(t, json.Unmarshal([]byte(next(t, events, "room").data), &v))
	require.Equal(t, table.Locked, v.Session.State)
	require.NotEmpty(t, v.Actions)
}

func TestEventsOfAllRooms(t *testing.T) {
	site, url, c := open(t)
	events := listen(t, c, url+"/api/v1/events")
	var rooms []session.RoomView
	require.NoError(t, json.Unmarshal([]byte(next(t, events, "rooms").data), &rooms))
	require.Len(t, rooms, 2)
	require.NoError(t, site.Set("van1", "questioning"))
	require.NoError(t, json.Unmarshal([]byte(next(t, events, "rooms").data), &rooms))
	require.Equal(t, table.Questioning, rooms[1].Session.State)
}

// The server gives ordinary requests fifteen seconds; a stream goes on.
func TestEventsOutliveTheDeadlinesOfOrdinaryRequests(t *testing.T) {
	t.Parallel()
	_, url, c := open(t)
	events := listen(t, c, url+"/api/v1/rooms/room3/events")
	<-events
	for range 17 {
		next(t, events, "beat")
	}
}

// stalled opens a connection that reads no more after the head of the answer.
func stalled(t *testing.T, url, path, extra string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4096))
	_, err = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: 127.0.0.1\r\n"+extra+"\r\n")
	require.NoError(t, err)
	line, err := bufio.NewReaderSize(conn, 16).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, " ")
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
}

func TestStalledListenerIsGivenUpAndDisturbsNobody(t *testing.T) {
	t.Parallel()
	site, url, c := open(t)
	require.NoError(t, site.Set("room3", "questioning"))
	before := site.Watchers()
	stalled(t, url, "/api/v1/rooms/room3/events", "")
	require.Eventually(t, func() bool { return site.Watchers() == before+1 }, 30*time.Second, 10*time.Millisecond)
	events := listen(t, c, url+"/api/v1/rooms/room3/events")
	done := make(chan struct{})
	stop := make(chan struct{})
	go func() { // many changes, so that the stalled connection's buffers fill
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				site.Touch("room3")
			}
		}
	}()
	for range 5 {
		next(t, events, "room")
	}
	require.Eventually(t, func() bool { return site.Watchers() == before+1 }, 4*time.Minute, 50*time.Millisecond, "only the listener that reads is left")
	close(stop)
	<-done
	next(t, events, "beat")
}

func watch(t *testing.T, url, room string) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(url, "http")+"/api/v1/rooms/"+room+"/live", nil)
	require.NoError(t, err)
	conn.SetReadLimit(8 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

type piece struct {
	kind, camera byte
	at           time.Time
	data         []byte
	text         string
}

func read(t *testing.T, conn *websocket.Conn) piece {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	kind, b, err := conn.Read(ctx)
	require.NoError(t, err)
	if kind == websocket.MessageText {
		return piece{text: string(b)}
	}
	require.Greater(t, len(b), 10)
	return piece{kind: b[0], camera: b[1], at: time.Unix(0, int64(binary.BigEndian.Uint64(b[2:10]))), data: b[10:]}
}

func TestLivePicturesOfAllCamerasComeOverOneSocket(t *testing.T) {
	_, url, _ := open(t)
	conn := watch(t, url, "room3")
	require.JSONEq(t, `{"cameras":["front","room"]}`, read(t, conn).text)
	got := map[byte]int{}
	began := map[byte]bool{}
	for got[0] < 10 || got[1] < 10 {
		p := read(t, conn)
		switch {
		case p.text != "":
			require.Contains(t, p.text, `"mime":"video/mp4; codecs=`)
		case p.kind == 0:
			began[p.camera] = true
			require.Equal(t, "ftyp", string(p.data[4:8]))
		default:
			require.True(t, began[p.camera], "a fragment before its init segment")
			if got[p.camera] == 0 {
				require.Equal(t, byte(2), p.kind, "the first picture is a key picture")
			}
			require.Equal(t, "moof", string(p.data[4:8]))
			require.WithinDuration(t, clock.NewSystem().Now().Wall.Time(), p.at, 5*time.Second)
			got[p.camera]++
		}
	}
}

func TestLiveViewRefusesOtherSites(t *testing.T) {
	_, url, _ := open(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(url, "http")+"/api/v1/rooms/room3/live", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://elsewhere.example"}}})
	require.Error(t, err)
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
}

func TestStalledViewerDisturbsNobody(t *testing.T) {
	_, url, _ := open(t)
	stalled(t, url, "/api/v1/rooms/room3/live", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
	conn := watch(t, url, "room3")
	read(t, conn)
	var last [2]time.Time
	for n := 0; n < 150; {
		p := read(t, conn)
		if p.text != "" || p.kind == 0 {
			continue
		}
		if !last[p.camera].IsZero() {
			require.Less(t, p.at.Sub(last[p.camera]), 5*time.Second, "pictures are held up or lost")
		}
		last[p.camera] = p.at
		n++
	}
}

func TestStopEndsStreams(t *testing.T) {
	site, url, c := open(t)
	events := listen(t, c, url+"/api/v1/rooms/room3/events")
	<-events
	conn := watch(t, url, "room3")
	read(t, conn)
	site.Panel.Stop()
	require.Eventually(t, func() bool {
		select {
		case _, ok := <-events:
			return !ok
		default:
			return false
		}
	}, 5*time.Second, time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var err error
	for err == nil {
		_, _, err = conn.Read(ctx)
	}
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
}
