package panel

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"roomrec/access"
	"roomrec/clock"
	"roomrec/transcript"
)

const (
	// maxDocument is the largest transcript that is taken, in bytes.
	maxDocument = 16 << 20
	// documentTime is how long a document may take to arrive.
	documentTime = 2 * time.Minute
	// maxWords is the longest explanation, in bytes.
	maxWords = 8 << 10
)

var (
	documentID = regexp.MustCompile(`^[0-9a-f]{64}$`)
	monthName  = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])$`)
)

// DocumentInput names one of a session's documents by its hash.
type DocumentInput struct {
	Document string `json:"document" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of the document"`
}

// transcriptRoutes adds what concerns transcripts.
func (s *Server) transcriptRoutes(rt *routes) {
	if s.transcripts == nil {
		return
	}
	s.inboxRoutes(rt)
	s.factRoutes(rt)
	s.padRoutes(rt)
	const root = apiRoot + "/sessions/{session}/transcripts"
	rt.page("GET /transcripts", access.AllSessions, s.monthPage)
	rt.described("GET "+root+"/{path...}", access.ViewSession, Doc{
		ID: "transcript-document", Summary: "The bytes of a transcript, by their SHA-256", Type: "application/octet-stream", Partial: true,
	}, s.document)
	rt.described("GET "+apiRoot+"/transcripts.csv", access.AllSessions, Doc{
		ID: "transcripts-csv", Summary: "The report over a month for spreadsheets", Type: "text/csv", Query: map[string]string{"month": "as in 2026-11"},
	}, s.monthCSV)
	answer := func(v TranscriptView, err error) (*bodyOf[TranscriptView], error) {
		if err != nil {
			return nil, s.problemOf("transcript", err)
		}
		return &bodyOf[TranscriptView]{v}, nil
	}
	operation(rt, access.ViewSession, huma.Operation{
		OperationID: "transcript", Method: http.MethodGet, Path: root, Summary: "A session's transcript beside its timeline",
	}, func(ctx context.Context, in *SessionInput) (*bodyOf[TranscriptView], error) {
		return answer(s.transcripts.Transcript(ctx, in.Session))
	})
	type attachInput struct {
		SessionInput
		RequestInput
		Name    string `header:"Document-Name" required:"true" maxLength:"1024" doc:"The file's name, percent-encoded"`
		Signed  bool   `header:"Document-Signed" doc:"The person questioned has signed the correction"`
		RawBody []byte `contentType:"application/octet-stream"`
	}
	operation(rt, access.Transcribe, huma.Operation{
		OperationID: "attach-transcript", Method: http.MethodPost, Path: root, Summary: "Add a transcript, or a corrected one",
		Description:  "The document itself is the body. What was added before stays.",
		MaxBodyBytes: maxDocument + 1, BodyReadTimeout: documentTime,
	}, func(ctx context.Context, in *attachInput) (*bodyOf[TranscriptView], error) {
		name, err := url.PathUnescape(in.Name)
		if err != nil || name == "" || len(name) > 255 || !utf8.ValidString(name) || strings.ContainsAny(name, "/\\\x00\r\n") {
			return nil, problem(http.StatusUnprocessableEntity, s.text("problem.document-name"))
		}
		return answer(s.transcripts.Attach(ctx, actorOf(ctx), in.Session, Upload{Name: name, Data: in.RawBody, Signed: in.Signed, Request: in.Request}))
	})
	type explainInput struct {
		SessionInput
		RequestInput
		Body struct {
			DocumentInput
			Text string `json:"text" minLength:"1" maxLength:"2000" doc:"Why the times differ, in the words of who signs"`
		}
	}
	operation(rt, access.Transcribe, huma.Operation{
		OperationID: "explain-transcript", Method: http.MethodPost, Path: root + "/explanations", Summary: "Explain a difference, by name",
		MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *explainInput) (*bodyOf[TranscriptView], error) {
		text := strings.TrimSpace(in.Body.Text)
		if text == "" || len(text) > maxWords {
			return nil, problem(http.StatusUnprocessableEntity, s.text("problem.explanation"), FieldError{Field: "text", Say: s.text("problem.explanation")})
		}
		return answer(s.transcripts.Explain(ctx, actorOf(ctx), in.Session, transcript.Explained{Document: in.Body.Document, Text: text, Request: in.Request}))
	})
	type keyInput struct {
		SessionInput
		RequestInput
		Body struct {
			DocumentInput
			Times transcript.KeyedTimes `json:"times"`
		}
	}
	operation(rt, access.Transcribe, huma.Operation{
		OperationID: "key-transcript", Method: http.MethodPost, Path: root + "/keyed", Summary: "Enter the times of a paper",
		Description:  "They count when a second person has entered the same.",
		MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *keyInput) (*bodyOf[TranscriptView], error) {
		return answer(s.transcripts.Key(ctx, actorOf(ctx), in.Session, transcript.Keyed{Document: in.Body.Document, Times: in.Body.Times, Request: in.Request}))
	})
	type timeInput struct {
		SessionInput
		RequestInput
		Body struct {
			DocumentInput
			Line int    `json:"line" minimum:"1"`
			At   string `json:"at" maxLength:"40" doc:"RFC 3339"`
		}
	}
	operation(rt, access.Transcribe, huma.Operation{
		OperationID: "time-transcript", Method: http.MethodPost, Path: root + "/times", Summary: "Give a line its instant in the recording",
		MaxBodyBytes: maxBody,
	}, func(ctx context.Context, in *timeInput) (*bodyOf[TranscriptView], error) {
		at, err := time.Parse(time.RFC3339Nano, in.Body.At)
		if err != nil {
			return nil, problem(http.StatusUnprocessableEntity, s.text("problem.time"), FieldError{Field: "at", Say: s.text("problem.time")})
		}
		return answer(s.transcripts.Time(ctx, actorOf(ctx), in.Session, transcript.Timed{
			Document: in.Body.Document, Line: in.Body.Line, At: clock.WallOf(at), Request: in.Request,
		}))
	})
	type monthInput struct {
		Month string `query:"month" required:"true" pattern:"^\\d{4}-(0[1-9]|1[0-2])$" doc:"as in 2026-11"`
	}
	operation(rt, access.AllSessions, huma.Operation{
		OperationID: "transcripts-month", Method: http.MethodGet, Path: apiRoot + "/transcripts", Summary: "The report over a month",
	}, func(ctx context.Context, in *monthInput) (*bodyOf[MonthView], error) {
		v, err := s.transcripts.Month(ctx, in.Month)
		if err != nil {
			return nil, s.problemOf("month", err)
		}
		return &bodyOf[MonthView]{v}, nil
	})
}

// document answers with the bytes of a document, to be kept and never shown by the browser itself.
func (s *Server) document(w http.ResponseWriter, r *http.Request) {
	id, hash := r.PathValue("session"), r.PathValue("path")
	if s.transcripts == nil || !sessionID.MatchString(id) || !documentID.MatchString(hash) {
		s.refuse(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	data, ext, err := s.transcripts.Document(r.Context(), id, hash)
	if err != nil {
		s.fail(w, r, "document", err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", hash[:16]+ext))
	p := patient{ResponseWriter: w, control: http.NewResponseController(w), now: func() time.Time { return s.clock.Now().Wall.Time() }}
	http.ServeContent(p, r, "", time.Time{}, bytes.NewReader(data))
}

// monthCSV answers with the report over a month for spreadsheets.
func (s *Server) monthCSV(w http.ResponseWriter, r *http.Request) {
	month := r.URL.Query().Get("month")
	if s.transcripts == nil || !monthName.MatchString(month) {
		s.refuse(w, r, http.StatusNotFound, "problem.not-found")
		return
	}
	v, err := s.transcripts.Month(r.Context(), month)
	if err != nil {
		s.fail(w, r, "month", err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "transcripts-"+month+".csv"))
	// A sender that has gone needs no answer.
	_, _ = w.Write(v.CSV())
}

// csvHead names the columns of the report, in the order of MonthRow.
var csvHead = []string{
	"session", "room", "case", "kind", "start", "end", "recording", "transcript", "complete", "written_start", "written_end",
	"findings", "explained_by", "across", "facts_judged", "facts_differ",
}

// CSV returns the report with one session a line, in UTF-8 with a mark that spreadsheets look for. A
// value that a spreadsheet would take for a formula begins with an apostrophe.
func (v MonthView) CSV() []byte {
	loc, err := time.LoadLocation(v.Zone)
	if err != nil {
		loc = time.UTC
	}
	at := func(w clock.Wall) string {
		if w == 0 {
			return ""
		}
		return w.In(loc).Format(time.RFC3339)
	}
	across := map[string][]string{}
	for _, c := range v.Crossings {
		across[c.Sessions[0]] = append(across[c.Sessions[0]], string(c.Code)+" "+c.Sessions[1])
		across[c.Sessions[1]] = append(across[c.Sessions[1]], string(c.Code)+" "+c.Sessions[0])
	}
	var b bytes.Buffer
	b.WriteString("\ufeff")
	out := csv.NewWriter(&b)
	rows := [][]string{csvHead}
	for _, r := range v.Rows {
		var codes []string
		for _, f := range r.Findings {
			codes = append(codes, string(f))
		}
		rows = append(rows, []string{
			r.Session, r.Room, r.Case, r.Kind, at(r.Start), at(r.End), r.Verdict, string(r.Status), string(r.Complete),
			r.Written[0], r.Written[1], strings.Join(codes, " "), strings.Join(r.By, "; "), strings.Join(across[r.Session], "; "),
			strconv.Itoa(r.FactsJudged), strconv.Itoa(r.FactsDiffer),
		})
	}
	for _, row := range rows {
		for i, c := range row {
			if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
				row[i] = "'" + c
			}
		}
		// A buffer takes everything.
		_ = out.Write(row)
	}
	out.Flush()
	return b.Bytes()
}
