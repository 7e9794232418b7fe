package panel

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"roomrec/clock"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/transcript"
)

// Sessions runs the rooms' sessions. Implementations are safe for concurrent use.
type Sessions interface {
	// Rooms returns every room in the order of the configuration.
	Rooms() []session.RoomView
	// Room returns one room and whether there is such a room.
	Room(id string) (session.RoomView, bool)
	// Watch returns a channel that is signalled after every change of the room's view, capacity 1,
	// and a function that ends the watch. A room that does not exist never signals.
	Watch(id string) (<-chan struct{}, func())
	// Open opens a session; recording begins. The same request id gets the same answer.
	Open(ctx context.Context, actor session.Actor, room string, form session.OpenForm, request string) (session.SessionView, error)
	// Do carries out a command. The same request id gets the same answer.
	Do(ctx context.Context, actor session.Actor, sess string, cmd session.Command, request string) (session.SessionView, error)
	// PanelAlive tells that the room's page is there and hears the controller. It never waits.
	PanelAlive(room string)
	// Tell shows a message in a room, and returns when it stands on the journal of what goes on there.
	Tell(ctx context.Context, room string, actor session.Actor, text string) error
	// CompareWallClock keeps what someone saw of the clock in a room, apart from any session (Z23). The same
	// request id is taken in once.
	CompareWallClock(ctx context.Context, actor session.Actor, room string, says policy.WallClock, request string) error
	// Told says that someone in the room saw the message that was sent at an instant; of another that is shown by now
	// it says nothing.
	Told(ctx context.Context, room string, actor session.Actor, sent clock.Wall) error
}

// ErrNotFound says that there is no such room, session, camera or file. The page answers 404.
var ErrNotFound = errors.New("not found")

// Archive knows the sessions that were.
type Archive interface {
	// Sessions returns sessions, newest first, at most q.Limit of them.
	Sessions(ctx context.Context, q Query) ([]Record, error)
	// Session returns one session, or ErrNotFound.
	Session(ctx context.Context, id string) (Record, error)
}

// Query narrows a list of sessions. Zero fields do not narrow.
type Query struct {
	Session string
	Own     []string // only those that one of these names opened or took part in
	Case    string   // this is in its case number
	Person  string   // in the name or number of the person questioned
	Officer string   // in the name of someone who took part
	Room    string
	State   string
	Before  clock.Wall // opened before
	After   clock.Wall // opened at or after
	Limit   int
}

// Record is what the list and the page of a session show.
type Record struct {
	session.SessionView
	Room     string         `json:"room"`
	RoomName session.Text   `json:"room_name"`
	Zone     string         `json:"zone"`   // IANA name of the zone in which its times are shown
	Folder   string         `json:"folder"` // path of the session's folder under each volume
	Volumes  []string       `json:"volumes"`
	Verdict  *Verdict       `json:"verdict,omitempty"` // nil until verified
	Cameras  []CameraRecord `json:"recordings"`
	Facts    []session.Text `json:"facts,omitempty"`
	Length   time.Duration  `json:"length_ns"` // recorded, by the session's timeline
	Stills   []StillView    `json:"stills,omitempty"`
	Proof    *ProofView     `json:"proof,omitempty" doc:"what others than the station say of the seal; of one session, not in lists"`
	Stays    []StayView     `json:"stays,omitempty" doc:"in which rooms it was, in their order; of one session, not in lists"`
	Readings []ReadingView  `json:"readings,omitempty" doc:"of the room's sensor, in the order of their time"`

	Transcript transcript.Status       `json:"transcript"` // of a sealed session; empty before
	Complete   transcript.Completeness `json:"complete"`
}

// StillView is a picture that is kept after the seal: the first of a camera after the clock in the room was
// compared with the page's (Z23).
type StillView struct {
	Room        string        `json:"room"`
	Camera      string        `json:"camera"`
	Name        session.Text  `json:"name"`
	Segment     string        `json:"segment" doc:"the file that it was taken from, in the session's folder"`
	At          clock.Wall    `json:"at" doc:"when it was captured, on the session's timeline"`
	Uncertainty time.Duration `json:"uncertainty_ns"`
	SHA256      string        `json:"sha256" doc:"of the JPEG"`
}

// StayView is a room in which a session was from an instant on, until the next: the other rooms' cameras are no part
// of it meanwhile.
type StayView struct {
	Room string       `json:"room"`
	Name session.Text `json:"name"`
	From clock.Wall   `json:"from"`
}

// ReadingView is what the room's sensor measured from an instant on, as pictures show it; empty: it was silent.
type ReadingView struct {
	At   clock.Wall `json:"at"`
	Text string     `json:"text" doc:"as in 23.4 °C  45 % RH"`
}

// Stills gives the pictures that are kept after seals.
type Stills interface {
	// Still returns the JPEG with a SHA-256 (hex) that is kept after a session's seal, or ErrNotFound.
	Still(ctx context.Context, sess, sum string) ([]byte, error)
}

// Verdict is what the verifier said.
type Verdict struct {
	Word  string         `json:"word"` // intact, intact-with-gaps, incomplete, altered, another-key, unsealed, unknown-version
	Text  session.Text   `json:"text"`
	At    clock.Wall     `json:"at"`
	Notes []session.Text `json:"notes,omitempty"`
}

// CameraRecord is what a session holds of one camera.
type CameraRecord struct {
	Room   string       `json:"room"`
	Camera string       `json:"camera"`
	Name   session.Text `json:"name"`
	Runs   int          `json:"runs"`
	Gaps   int          `json:"gaps"`
	// Playable says whether a stock browser can show it; Why says what else plays it if not.
	Playable bool          `json:"playable"`
	Why      *session.Text `json:"why,omitempty"`
}

// Recordings serves what was recorded, for playing. It never writes.
type Recordings interface {
	// Playlist returns an HLS media playlist over all runs of one camera, or ErrNotFound. The
	// addresses of media in it are relative to files, an absolute path that ends in a slash.
	Playlist(ctx context.Context, sess, room, camera, files string) ([]byte, error)
	// File opens a file of the session by its path inside the session's folder, or ErrNotFound. It
	// ends at the last whole fragment.
	File(ctx context.Context, sess, path string) (File, error)
}

// File is a recorded file that can be read in parts.
type File interface {
	io.ReadSeeker
	io.Closer
}

// Live gives the pictures of a camera as they come.
type Live interface {
	// Open begins to watch a camera, at its next key picture, or returns ErrNotFound.
	Open(ctx context.Context, room, camera string) (LiveStream, error)
}

// LiveStream is one viewer's stream of one camera. It never makes the camera wait: a viewer that
// does not call Next often enough misses pieces and gets Key pieces after them.
type LiveStream interface {
	// Next waits for the next piece. It returns io.EOF when the camera will give no more.
	Next(ctx context.Context) (Piece, error)
	// Close ends the stream and frees what it holds.
	Close() error
}

// Piece is what a live stream consists of.
type Piece struct {
	// Init says that Data is an init segment (ftyp, moov), of the media type MIME. It comes first
	// and again when the parameters of the stream change.
	Init bool
	MIME string // as in `video/mp4; codecs="avc1.64001f"`, of init segments only
	Data []byte // otherwise one fragment (moof, mdat) of one picture; never changed afterwards
	Key  bool   // decoding can start here
	At   clock.Wall
}

// Identity says who sends a request.
type Identity interface {
	// Who returns the person, and false for nobody.
	Who(r *http.Request) (Person, bool)
}
