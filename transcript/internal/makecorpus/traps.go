package main

import (
	"fmt"
	"strings"
)

// traps are documents in which something else looks like the time, and ones that use what a format
// can do.
func (c *corpus) traps() {
	s, e := at("2026-11-22 09:05:10"), at("2026-11-22 11:40:52")
	span := "时间 " + s.Format(full) + "至" + e.Format(full)
	old := "时间 2026年11月21日08时00分至2026年11月21日10时00分"
	n := 0
	add := func(way, ext string, data []byte, codes ...string) {
		n++
		x := expect(fmt.Sprintf("trap-%02d%s", n, ext), way, s, e, minute(s), minute(e), codes...)
		switch {
		case strings.Contains(way, "seconds"):
			t := rfc(s)
			x.DocStart = &t
			if strings.HasPrefix(way, "seconds") {
				t := rfc(e)
				x.DocEnd = &t
			}
		case len(codes) == 0:
		case codes[0] == "start_differs":
			x.DocStart = minute(at("2026-11-22 09:25:00"))
		case codes[0] == "end_differs":
			x.DocEnd = minute(at("2026-11-22 11:20:00"))
		}
		c.add(x, data)
	}
	txt := func(p page) []byte { return []byte(join(p.flat())) }
	add("arrival, detention and print times", ".txt", txt(form("到案时间:2026年11月22日07时10分", "拘留时间:2026年11月22日08时00分", span, "打印时间:2026年11月23日08时00分")))
	add("times of the recording beside those of questioning", ".txt", txt(form("录音录像时间:2026年11月22日09时02分至11时42分", "讯"+"问"+span)))
	add("the last interrogation's times", ".txt", txt(form(span, "上次讯问时间:2026年11月20日14时05分至16时20分")))
	add("when it happened", ".txt", txt(form("案发时间:2026年11月20日21时30分至22时05分", span)))
	add("the same time twice", ".txt", txt(form(span, "讯问开始时间:"+s.Format(full))))
	add("the same time twice, once with seconds", ".txt", txt(form(span, "讯问开始时间:"+s.Format(full)+"10秒")))
	add("range in an answer", ".txt", txt(page{lines: append(append([]string{"讯问笔录", span}, talk...), "答:2026年11月20日21时30分至2026年11月20日23时05分我在网吧。", "以上笔录我看过,和我说的相符。")}))
	add("an answer that goes on in a line of its own", ".txt", txt(page{lines: append(append([]string{"讯问笔录", span}, talk...), "答:我想想。", "2026年11月20日21时30分至23时05分在网吧,结束后回家。", "以上笔录我看过,和我说的相符。")}))
	add("an answer about the last interrogation", ".txt", txt(page{lines: append(append([]string{"讯问笔录", span}, talk...), "答:上次讯问是2026年11月20日9时开始,11时30分结束的。", "以上笔录我看过,和我说的相符。")}))
	add("range without a label", ".txt", txt(page{lines: append([]string{"讯问笔录", s.Format(full) + "至" + e.Format(full)}, talk...)}))
	add("seconds, end in the last second of its minute", ".txt", []byte("讯问时间:2026年11月22日09:05:10至11:40:52\n"))

	// Word.
	body := func(first string) string {
		b := para("讯问笔录") + first
		for _, l := range append(append([]string{}, person...), append(talk, closing...)...) {
			b += para(l)
		}
		return b
	}
	add("deleted text beside inserted", ".docx", word(body(`<w:p>`+run("时间 ")+`<w:del w:id="1"><w:r><w:delText>2026年11月22日08时00分</w:delText></w:r></w:del><w:ins w:id="2">`+run(s.Format(full))+`</w:ins>`+run("至"+e.Format(full))+`</w:p>`), "", ""))
	add("text moved away", ".docx", word(body(`<w:p><w:moveFrom w:id="1">`+run(old)+`</w:moveFrom></w:p><w:p><w:moveTo w:id="2">`+run(span)+`</w:moveTo></w:p>`), "", ""))
	add("a deleted paragraph", ".docx", word(body(`<w:p><w:pPr><w:rPr><w:del w:id="1"/></w:rPr></w:pPr><w:del w:id="2"><w:r><w:delText>`+old+`</w:delText></w:r></w:del></w:p>`+para(span)), "", ""))
	add("a deleted row", ".docx", word(body(`<w:tbl><w:tr><w:trPr><w:del w:id="1"/></w:trPr><w:tc>`+para("时间")+`</w:tc><w:tc>`+para(old[7:])+`</w:tc></w:tr><w:tr><w:tc>`+para("时间")+`</w:tc><w:tc>`+para(span[7:])+`</w:tc></w:tr></w:tbl>`), "", ""))
	add("hidden text", ".docx", word(body(`<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>`+old+`</w:t></w:r></w:p>`+para(span)), "", ""))
	box := func(span string) string {
		return `<w:p><w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:wsp><wps:txbx><w:txbxContent>` + para(span) + `</w:txbxContent></wps:txbx></wps:wsp></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox><w:txbxContent>` + para(span) + `</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>`
	}
	add("text box", ".docx", word(body(box(span)), "", ""))
	add("page header", ".docx", word(body(""), "讯问"+span, ""))
	add("print time in the page footer", ".docx", word(body(para(span)), "枣庄市公安局", "打印于2026年11月23日 09:00 至 2026年11月23日 10:00 第1页"))
	add("table in a table", ".docx", word(body(`<w:tbl><w:tr><w:tc><w:tbl><w:tr><w:tc>`+para("讯问时间")+`</w:tc><w:tc>`+para(span[7:])+`</w:tc></w:tr></w:tbl>`+`<w:p/></w:tc></w:tr></w:tbl>`), "", ""))
	add("a run for every character", ".docx", word(body("<w:p>"+func() string {
		var b strings.Builder
		for _, r := range span {
			b.WriteString(run(string(r)))
		}
		return b.String()
	}()+"</w:p>"), "", ""))
	wrongStart := "时间 2026年11月22日09时25分至" + e.Format(full)
	wrongEnd := "时间 " + s.Format(full) + "至2026年11月22日11时20分"
	add("inserted text that is wrong", ".docx", word(body(`<w:p><w:del w:id="1"><w:r><w:delText>`+span+`</w:delText></w:r></w:del><w:ins w:id="2">`+run(wrongStart)+`</w:ins></w:p>`), "", ""), "start_differs")
	add("text box that is wrong", ".docx", word(body(box(wrongEnd)), "", ""), "end_differs")

	// HTML.
	page := func(in string) []byte {
		return []byte("<html><head><meta charset=utf-8></head><body><h1>讯问笔录</h1>" + in + "<p>" + strings.Join(talk, "</p><p>") + "</p></body></html>\n")
	}
	add("deleted and hidden text of a page", ".html", page("<p><del>"+old+"</del></p><p style='display: none'>"+old+"</p><!-- "+old+" --><p>"+span+"</p>"))
	add("list of definitions", ".html", page("<dl><dt>开始时间</dt><dd>2026年11月22日 9:05</dd><dt>结束时间</dt><dd>2026年11月22日 11:40</dd></dl>"))
	add("entities and line breaks", ".html", page("<div>时&nbsp;间&#65306;2026&#24180;11&#26376;22&#26085;09&#26102;05&#20998;<br>至2026年11月22日11时40分</div>"))
	add("nested marks that are wrong", ".html", page("<p>时间 <b>2026</b>年<i>11月22日</i>09时<span>25</span>分至2026年11月22日11时40分</p>"), "start_differs")

	// JSON.
	add("JSON of another system", ".json", []byte(`{"kind":"interrogation","ordinal":1,"start":"2026-11-22T09:05+08:00","end":"2026-11-22T03:40Z","person":{"name":"李某某","birth":"1990-03-05"},"questioners":["王强","赵敏"],"printed_at":"2026-11-23T08:00:00+08:00","entries":[{"question":"你有权申请回避、委托辩护人,如实供述可以从宽,清楚吗?","answer":"清楚。"},{"question":"去哪了?","answer":"21时30分至22时在家。"}],"closing":"以上笔录我看过,和我说的相符。"}`+"\n"))
	add("JSON with Chinese keys", ".json", []byte(`{"标题":"讯问笔录","讯问时间":{"开始时间":"2026年11月22日9时5分","结束时间":"2026年11月22日11时40分"},"出生日期":"1990-03-05","打印时间":"2026-11-23 08:00"}`+"\n"))
	add("JSON that is wrong", ".json", []byte(`{"startTime":"2026-11-22 09:25","endTime":"2026-11-22 11:40","createdAt":"2026-11-22 12:00"}`+"\n"), "start_differs")
	add("JSON, end wrong", ".json", []byte(`{"session":{"start_time":"2026-11-22T09:05","end_time":"2026-11-22T11:20"},"exported":{"start":"2026-11-23T08:00"}}`+"\n"), "end_differs")

	for i, x := range []struct {
		way, from, to string
		docS, docE    *string
		codes         []string
	}{
		{"end before start", "2026年11月22日11时40分", "2026年11月22日09时05分", minute(at("2026-11-22 11:40:00")), minute(at("2026-11-22 09:05:00")), []string{"end_before_start", "end_differs", "start_differs"}},
		{"wrong year", "2025年11月22日09时05分", "2025年11月22日11时40分", minute(at("2025-11-22 09:05:00")), minute(at("2025-11-22 11:40:00")), []string{"end_differs", "start_differs"}},
		{"wrong day of the end", "2026年11月22日09时05分", "2026年11月23日11时40分", minute(s), minute(at("2026-11-23 11:40:00")), []string{"end_differs"}},
		{"twelve hours off", "2026年11月22日21时05分", "2026年11月22日23时40分", minute(at("2026-11-22 21:05:00")), minute(at("2026-11-22 23:40:00")), []string{"end_differs", "start_differs"}},
		{"month and day exchanged", "2026年12月11日09时05分", "2026年12月11日11时40分", minute(at("2026-12-11 09:05:00")), minute(at("2026-12-11 11:40:00")), []string{"end_differs", "start_differs"}},
	} {
		p := form("时间 " + x.from + "至" + x.to)
		f := formats(p)[i]
		y := expect(fmt.Sprintf("wrong-%d%s", i+1, f.ext), x.way, s, e, x.docS, x.docE, x.codes...)
		c.add(y, f.write(p))
	}
	p := form("时间 2026年11月22日22时31分至01时12分")
	c.add(expect("wrong-night.txt", "past midnight without 次日", at("2026-11-22 22:31:10"), at("2026-11-23 01:12:52"),
		minute(at("2026-11-22 22:31:00")), minute(at("2026-11-22 01:12:00")), "end_before_start", "end_differs"), txt(p))
}

// unreadable are files of which no text can be had.
func (c *corpus) unreadable() {
	s, e := at("2026-11-22 09:05:10"), at("2026-11-22 11:40:52")
	add := func(file, way string, data []byte) {
		c.add(expect(file, way, s, e, nil, nil, "document_unreadable"), data)
	}
	ole := append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 1016)...)
	add("old.doc", "a file of old Word", ole)
	add("old.wps", "a file of WPS", ole)
	add("protected.docx", "a Word document under a password", ole)
	add("rich.rtf", "rich text", []byte(`{\rtf1\ansi 09:05}`))
	add("scan.jpg", "a picture", append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), make([]byte, 64)...))
	add("scan.pdf", "a scanned page", scanPDF(""))
	add("scan-ocr.pdf", "a scanned page with recognised text under it", scanPDF("BT 3 Tr /F1 12 Tf 60 780 Td (Time: 2026-11-22 09:05 to 11:40) Tj ET\n"))
	add("empty.txt", "an empty file", []byte("\n\n"))
	add("cut.docx", "a Word document that was cut off", docx(form("时间 " + s.Format(full) + "至" + e.Format(full)))[:900])
	add("cut.json", "JSON that was cut off", []byte(`{"start":"2026-11-22T09:05","end":"2026-11-22T11:4`))
	add("noise.txt", "bytes that are no text", []byte("\x00\x01\x02\x03\xff\xfe\xfd\x80\x81\x00\x01\x02\x05\x06\x07\x08\x0b\x0e\x0f\x10\x11\x12\x13\x14\x15"))
	add("sheet.docx", "a Word document of no bytes", nil)
}

// scanPDF is a page that is one picture, with more drawn over it.
func scanPDF(over string) []byte {
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /XObject << /Im1 5 0 R >> /Font << /F1 6 0 R >> >> /Contents 4 0 R >>",
		"", "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>\nstream\n\x80\nendstream",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	content := "q 595 0 0 842 0 0 cm /Im1 Do Q\n" + over
	objects[3] = fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", len(content), content)
	out := "%PDF-1.4\n"
	for i, o := range objects {
		out += fmt.Sprintf("%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	return []byte(out + "trailer\n<< /Root 1 0 R >>\n%%EOF\n")
}
