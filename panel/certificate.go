package panel

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"

	"rsc.io/qr"

	"roomrec/session"
	"roomrec/session/table"
)

// The paper that the parties sign: one page, in the language of whoever prints it, with the hash of
// the seal as text and as a code that any telephone reads, so that whoever keeps the paper can tell later
// whether a recording is the one that was signed.

// codeText is what the code says: what it is of, the session, the seal's hash.
func codeText(session, hash string) string {
	return fmt.Sprintf("roomrec-seal/1\n%s\nsha256:%s", session, hash)
}

// quiet is the white edge that a code needs, in modules.
const quiet = 4

// codeSVG returns a QR code as a picture, of correction level M: a fold or a stamp may cover a seventh.
func codeSVG(text string) ([]byte, error) {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, err
	}
	size := c.Size + 2*quiet
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="`, size, size, size, size)
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			n := 0
			for c.Black(x+n, y) {
				n++
			}
			if n > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, n, n)
				x += n
			}
		}
	}
	b.WriteString(`"/></svg>` + "\n")
	return b.Bytes(), nil
}

// sealedSession returns a session that is sealed; it has answered already if there is none.
func (s *Server) sealedSession(w http.ResponseWriter, r *http.Request) (row, bool) {
	id := r.PathValue("session")
	if !sessionID.MatchString(id) {
		s.renderProblem(w, r, http.StatusNotFound, "problem.not-found")
		return row{}, false
	}
	rec, err := s.archive.Session(r.Context(), id)
	if err != nil {
		s.fail(w, r, "session", err)
		return row{}, false
	}
	if rec.Seal == nil {
		s.renderProblem(w, r, http.StatusNotFound, "problem.not-sealed")
		return row{}, false
	}
	return rowOf(rec), true
}

// certificate shows the paper.
func (s *Server) certificate(w http.ResponseWriter, r *http.Request) {
	if d, ok := s.sealedSession(w, r); ok {
		s.proof(r.Context(), &d.Record)
		d.asked = s.clock.Now().Wall
		s.render(w, r, http.StatusOK, "certificate", d)
	}
}

// Asked returns when the paper was made: what it says of others than the station was known then.
func (r row) Asked() string { return r.When(r.asked) }

// code shows the hash of a session's seal as a QR code.
func (s *Server) code(w http.ResponseWriter, r *http.Request) {
	d, ok := s.sealedSession(w, r)
	if !ok {
		return
	}
	b, err := codeSVG(codeText(d.ID, d.Seal.Hash))
	if err != nil {
		s.fail(w, r, "code", err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	// A sender that has gone needs no answer.
	_, _ = w.Write(b)
}

// CauseOf says in words what an interruption came from.
func (r row) CauseOf(b session.BreakView) session.Text {
	f, ok := session.FaultOf(table.Code(b.Cause))
	if !ok {
		return session.Text{En: b.Cause, Zh: b.Cause}
	}
	name := session.Text{En: b.Subject, Zh: b.Subject}
	for _, c := range r.Cameras {
		if c.Camera == b.Subject {
			name = c.Name
		}
	}
	return f.Title.About(name)
}

// breaksOnPaper is how many interruptions one page has room for.
const breaksOnPaper = 4

// FirstBreaks are the interruptions that the paper lists.
func (r row) FirstBreaks() []session.BreakView { return r.Breaks[:min(len(r.Breaks), breaksOnPaper)] }

// MoreBreaks is how many there are besides, empty if none.
func (r row) MoreBreaks() string {
	if n := len(r.Breaks) - breaksOnPaper; n > 0 {
		return strconv.Itoa(n)
	}
	return ""
}

// stillsOnPaper is how many pictures one page has room for.
const stillsOnPaper = 2

// FirstStills are the pictures that the paper shows.
func (r row) FirstStills() []StillView { return r.Stills[:min(len(r.Stills), stillsOnPaper)] }
