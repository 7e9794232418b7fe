package paneltest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"roomrec/panel"
	"roomrec/session"
	"roomrec/session/policy"
	"roomrec/transcript"
)

// PaperScenes lists what SetPaper knows.
func PaperScenes() []string {
	return []string{"none", "differs", "explained", "unreadable", "read-only"}
}

// SetPaper gives a sealed session a transcript, with invented text, and the watch folder its files.
func (p *Papers) SetPaper(ctx context.Context, id, scene string) error {
	if !slices.Contains(PaperScenes(), scene) {
		return fmt.Errorf("no scene %q", scene)
	}
	rec, err := p.b.Session(ctx, id)
	if err != nil {
		return err
	}
	p.mu.Lock()
	delete(p.notes, id)
	p.readOnly[id] = scene == "read-only"
	p.inbox = []panel.InboxFile{
		{
			Name: "2026-11-22 讯问笔录 2231（第二次）.docx", Size: 18231, SHA256: fmt.Sprintf("%064d", 1), State: panel.InboxDoubt, Candidates: []string{id, "20261121-091502-4k2x"},
			Why: session.Text{
				En: "It has no number of a session, and person and time fit more than one. Name the session.",
				Zh: "文件中没有同录编号，人员和时间与多次录制相符。请指定。",
			},
		},
		{Name: "scan0007.pdf", Size: 1823100, State: panel.InboxWaiting, Why: session.Text{En: "It is still being written.", Zh: "文件仍在写入。"}},
	}
	p.mu.Unlock()
	if scene == "none" {
		return nil
	}
	start := rec.Started
	if scene != "unreadable" {
		start = start.Add(-7 * time.Minute)
	}
	f := p.form(rec, start, rec.Ended)
	f.Entries = []transcript.FormEntry{
		{Role: transcript.RoleQuestion, Text: "我们是某市公安局的民警，现依法对你进行讯问。你有权申请回避，有权委托辩护人，如实供述自己的罪行可以从宽处理。你是否清楚？"},
		{Role: transcript.RoleAnswer, Text: "清楚。"},
		{Role: transcript.RoleQuestion, Text: "2026年11月20日晚上你在何处？"},
		{Role: transcript.RoleAnswer, Text: "在家，和我妻子一起看电视，大约十点半睡觉。"},
	}
	var b bytes.Buffer
	if err := transcript.WriteDocx(&b, f); err != nil {
		return err
	}
	u := panel.Upload{Name: "讯问笔录 第二次.docx", Data: b.Bytes()}
	if scene == "unreadable" {
		u = panel.Upload{Name: "scan.jpg", Data: []byte("\xff\xd8\xff\xe0 a picture")}
	}
	by := session.Actor{ID: "0417", Name: "Officer 0417", Role: policy.Officer}
	v, err := p.Attach(ctx, by, id, u)
	if err != nil || scene != "explained" {
		return err
	}
	_, err = p.Explain(ctx, by, id, transcript.Explained{Document: v.Versions[0].SHA256, Text: "The clock on the wall was seven minutes slow; see the time check of that day."})
	return err
}

func (p *Papers) scene(w http.ResponseWriter, r *http.Request) {
	if err := p.SetPaper(r.Context(), r.URL.Query().Get("session"), r.URL.Query().Get("scene")); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
