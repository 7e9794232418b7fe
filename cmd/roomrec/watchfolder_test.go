package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"roomrec/panel"
	"roomrec/transcript"
)

// drop writes a file into the watch folder.
func (p *papers) drop(name string, data []byte) {
	require.NoError(p.t, os.WriteFile(filepath.Join(p.folder.dir, name), data, 0o600))
}

// seen looks at the folder until every file has settled, and returns what is known of a file.
func (p *papers) seen(name string) panel.InboxFile {
	p.folder.look(p.t.Context())
	p.folder.look(p.t.Context())
	p.folder.mu.Lock()
	defer p.folder.mu.Unlock()
	f := p.folder.files[name]
	require.NotNil(p.t, f, name)
	return f.InboxFile
}

func watched(t *testing.T) *papers {
	p := newPapers(t)
	p.folder.dir = t.TempDir()
	return p
}

// Z26-2: what IT drops into the folder reaches its session by number, or by person and time; what is not
// certain is added to none and waits for a person. No file is touched.
func TestZ26_2_WatchFolder(t *testing.T) {
	p := watched(t)
	first, second := shotAt("20261122-140330-7f2k", noon, time.Hour), shotAt("20261123-140330-7f2k", noon.Add(24*time.Hour), time.Hour)
	second.form.Ordinal, second.form.Person = 3, "王小二"
	p.seal(first)
	p.seal(second)
	without := func(s shot, change func(*transcript.Form)) []byte {
		return p.written(s, func(f *transcript.Form) {
			if f.Session = ""; change != nil {
				change(f)
			}
		})
	}
	const unknown = "20261122-140330-zzzz"
	for name, c := range map[string]struct {
		data  []byte
		state panel.InboxState
		sess  string
		why   string
	}{
		"by number.docx":                        {p.written(first, nil), panel.InboxFiled, first.id, ""},
		"by person and time.docx":               {without(second, nil), panel.InboxFiled, second.id, ""},
		"another number.docx":                   {p.written(first, func(f *transcript.Form) { f.Session = unknown }), panel.InboxDoubt, "", inboxUnknown.En},
		"笔录 " + second.id + ".docx":             {p.written(first, func(f *transcript.Form) { f.Ordinal = 9 }), panel.InboxDoubt, "", inboxNumbers.En},
		"another person.docx":                   {p.written(first, func(f *transcript.Form) { f.Person = "赵四" }), panel.InboxDoubt, "", inboxOther.En},
		"nobody.docx":                           {without(first, func(f *transcript.Form) { f.Person = "赵四" }), panel.InboxDoubt, "", inboxNoSession.En},
		"another day.docx":                      {without(shotAt("x", noon.Add(-72*time.Hour), time.Hour), nil), panel.InboxDoubt, "", inboxNoSession.En},
		"a second version.docx":                 {p.written(first, func(f *transcript.Form) { f.Closing = "以上笔录我看过,和我说的相符。 " + "已更正" }), panel.InboxDoubt, first.id, inboxHasOne.En},
		"scan.jpg":                              {[]byte("\xff\xd8\xff\xe0 no text"), panel.InboxDoubt, "", inboxNoSession.En},
		"old.doc":                               {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old"), panel.InboxDoubt, "", ".docx"},
		"again.docx":                            {p.written(first, nil), panel.InboxFiled, first.id, ""},
		"one line " + first.id + " of many.txt": {[]byte("时间 2026年11月22日14时04分至"), panel.InboxDoubt, first.id, inboxHasOne.En},
	} {
		t.Run(name, func(t *testing.T) {
			if c.why == inboxHasOne.En || name == "again.docx" { // order does not matter to the others
				p.drop("by number.docx", p.written(first, nil))
				p.seen("by number.docx")
			}
			p.drop(name, c.data)
			f := p.seen(name)
			require.Equal(t, c.state, f.State, "%+v", f)
			require.Equal(t, c.sess, f.Session)
			if c.why != "" {
				require.Contains(t, f.Why.En, c.why)
				require.NotEmpty(t, f.Why.Zh)
			}
			got, err := os.ReadFile(filepath.Join(p.folder.dir, name))
			require.NoError(t, err)
			require.Equal(t, c.data, got, "the original stays as it is")
		})
	}
	p.drop(".hidden", []byte("x"))
	p.drop("~$lock.docx", []byte("x"))
	v, err := p.Inbox(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[panel.InboxState]int{panel.InboxFiled: 3, panel.InboxDoubt: 9}, v.Counts)
	require.Len(t, v.Files, 9, "what is filed is on the session's page")
	require.NoError(t, testutil.CollectAndCompare(newInboxCounts(p.folder), strings.NewReader(`
# HELP roomrec_transcript_folder_files Files in the watch folder for transcripts, by state: waiting, doubt (a person has to name the session), filed.
# TYPE roomrec_transcript_folder_files gauge
roomrec_transcript_folder_files{state="doubt"} 9
roomrec_transcript_folder_files{state="filed"} 3
roomrec_transcript_folder_files{state="waiting"} 0
# HELP roomrec_transcript_folder_up Whether the watch folder can be read (1) or not (0); absent where the site has none.
# TYPE roomrec_transcript_folder_up gauge
roomrec_transcript_folder_up 1
`)))
	got, err := p.Transcript(t.Context(), first.id)
	require.NoError(t, err)
	require.Len(t, got.Versions, 1)
	require.Equal(t, transcript.StatusAgrees, got.Status)
	require.Equal(t, "controller watch folder", got.Versions[0].By)

	// After a restart the folder is looked at anew, and nothing is added twice.
	dir := p.folder.dir
	p.stop()
	p.start()
	p.folder.dir = dir
	p.seen("by number.docx")
	again, err := p.Inbox(t.Context())
	require.NoError(t, err)
	require.Equal(t, v.Counts, again.Counts)
	got, err = p.Transcript(t.Context(), first.id)
	require.NoError(t, err)
	require.Len(t, got.Versions, 1)

	// A person names the session of what was not certain; a correction needs the signature there too.
	at := func(name string) string { return p.seen(name).SHA256 }
	_, err = p.File(t.Context(), p.chair, first.id, panel.Filing{SHA256: at("a second version.docx")})
	require.ErrorIs(t, err, error(signCorrect))
	got, err = p.File(t.Context(), p.chair, first.id, panel.Filing{SHA256: at("a second version.docx"), Signed: true})
	require.NoError(t, err)
	require.Len(t, got.Versions, 2)
	require.Equal(t, "0417 王强", got.Versions[1].By)
	require.Equal(t, panel.InboxFiled, p.seen("a second version.docx").State)
	_, err = p.File(t.Context(), p.chair, first.id, panel.Filing{SHA256: fmt.Sprintf("%064d", 7)})
	require.ErrorIs(t, err, panel.ErrNotFound)
}

// A file that is still being written is left alone; one whose session is still open waits; a folder that
// cannot be read is said to be so.
func TestWatchFolderWaits(t *testing.T) {
	p := watched(t)
	s := shotAt("20261122-140330-7f2k", noon, time.Hour)
	p.drop("a.docx", p.written(s, nil)[:40])
	p.folder.look(t.Context())
	require.Equal(t, inboxArriving, p.folder.files["a.docx"].Why)
	p.drop("a.docx", p.written(s, nil))
	require.Equal(t, inboxUnknown, p.seen("a.docx").Why)

	p.seal(s)
	require.Equal(t, inboxUnknown, p.seen("a.docx").Why, "what is not certain is looked at again after a while")
	p.folder.files["a.docx"].looked = 0
	require.Equal(t, panel.InboxFiled, p.seen("a.docx").State)

	open := shotAt("20261124-140330-7f2k", noon.Add(48*time.Hour), time.Hour)
	p.seal(open)
	listed, err := p.index.c.Session(t.Context(), open.id)
	require.NoError(t, err)
	listed.Sealed = 0
	require.NoError(t, p.index.c.Put(t.Context(), listed))
	p.drop("b.docx", p.written(open, nil))
	require.Equal(t, inboxOpen, p.seen("b.docx").Why)

	p.drop("large.txt", make([]byte, maxPaper+1))
	require.Equal(t, inboxTooLarge, p.seen("large.txt").Why)
	require.NoError(t, os.Remove(filepath.Join(p.folder.dir, "large.txt")))
	p.folder.look(t.Context())
	require.NotContains(t, p.folder.files, "large.txt")

	p.folder.dir += "-gone"
	p.folder.look(t.Context())
	v, err := p.Inbox(t.Context())
	require.NoError(t, err)
	require.NotNil(t, v.Problem)
}
