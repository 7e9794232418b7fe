package transcript

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// fieldLabels are the labels of a form's fields, longest first where one contains another.
var fieldLabels = []struct {
	name  string
	words []string
}{
	{"person", []string{
		"被讯问人姓名", "被询问人姓名", "被讯问人", "被询问人", "犯罪嫌疑人姓名", "犯罪嫌疑人", "违法嫌疑人", "被谈话人", "被调查人",
		"person questioned", "person interrogated", "person interviewed", "interviewee", "name of suspect", "suspect", "witness", "victim",
	}},
	{"questioner", []string{
		"讯问人员", "询问人员", "讯问人", "询问人", "侦查人员", "办案人员", "办案民警", "调查人员", "侦查员", "questioners", "questioner",
		"interrogators", "interrogator", "interviewing officers", "interviewing officer", "interviewers", "interviewer", "officers present", "officers", "officer",
	}},
	{"clerk", []string{"记录人员", "记录人", "书记员", "transcript clerk", "recorded by", "clerk", "recorder", "note taker"}},
	{"interpreter", []string{"翻译人员", "翻译人", "手语翻译", "翻译", "interpreters", "interpreter"}},
	{"guardian", []string{"法定代理人", "合适成年人", "监护人", "legal representative", "guardian", "appropriate adult"}},
	{"place", []string{"讯问地点", "询问地点", "谈话地点", "地点", "地址", "place of interrogation", "place of questioning", "place of interview", "place", "location", "venue"}},
	{"session", []string{"笔录编号", "讯问编号", "询问编号", "同录编号", "录音录像编号", "session number", "session no.", "session no", "session id", "session"}},
	{"other", []string{
		"性别", "年龄", "出生日期", "出生年月", "出生", "身份证件种类及号码", "身份证号码", "身份证号", "身份证", "民族", "文化程度", "政治面貌", "职业", "住址", "现住址", "户籍所在地", "户籍地",
		"联系方式", "联系电话", "电话", "工作单位", "单位", "职务", "警号", "案由", "案件编号", "案号", "起止时间", "讯问时间", "询问时间", "开始时间", "结束时间", "时间", "日期", "到达时间", "离开时间",
		"address", "sex", "gender", "age", "date of birth", "dob", "born", "occupation", "phone", "id number", "case number", "case no", "time", "date", "start time", "end time", "start", "end",
		"notes", "offence", "nationality", "rank", "unit", "department", "kind", "ordinal", "language",
	}},
}

// labelled is one label of a row with the text up to the next.
type labelled struct {
	name, value string
	line        int
}

// labels cuts a row at its labels. A label stands at the beginning, after a blank, a tab, a comma or
// a bracket, and is followed by a colon, a tab, a bracket, or, in Chinese, a blank or its value.
func (r *row) labels() []labelled {
	type hit struct {
		name     string
		from, to int
		at       int
	}
	var hits []hit
	for i := 0; i < len(r.low); i++ {
		if i > 0 {
			switch p := r.low[i-1]; p {
			case ' ', '\t', ',', ';', '。', '(', '[', '、', '|':
			default:
				continue
			}
		}
		name, n, strict := labelAt(r.low, i)
		if n == 0 {
			continue
		}
		to, ok := afterFieldLabel(r.low, i+n, strict)
		if !ok {
			continue
		}
		hits = append(hits, hit{name, i, to, i})
		i = to - 1
	}
	var out []labelled
	for k, h := range hits {
		end := len(r.low)
		if k+1 < len(hits) {
			end = hits[k+1].from
		}
		out = append(out, labelled{h.name, strings.Trim(string(r.text[h.to:end]), " \t:,;。|_"), r.lineAt(h.at)})
	}
	return out
}

// labelAt returns the field whose longest label is at i, letter-spaced or not, and its length.
func labelAt(low []rune, i int) (name string, n int, strict bool) {
	c := scan{low}
	for _, f := range fieldLabels {
		for _, w := range f.words {
			j := i
			for k, r := range []rune(w) {
				if k > 0 && unicode.Is(unicode.Han, r) && c.at(j) == ' ' {
					j = c.spaces(j)
				}
				if c.at(j) != r {
					j = -1
					break
				}
				j++
			}
			if j > 0 && j-i > n {
				name, n, strict = f.name, j-i, w[0] < 0x80
			}
		}
	}
	return name, n, strict
}

// afterFieldLabel goes behind what may follow a label: "(签名)", a number, a colon.
func afterFieldLabel(low []rune, i int, strict bool) (int, bool) {
	c := scan{low}
	j := c.spaces(i)
	tab := false
	for k := i; k < j; k++ {
		tab = tab || low[k] == '\t'
	}
	if c.at(j) == '(' {
		k := j
		for k < len(low) && k-j < 24 && low[k] != ')' {
			k++
		}
		if c.at(k) == ')' {
			j = c.spaces(k + 1)
			if c.at(j) == ':' {
				return j + 1, true
			}
			return j, !strict
		}
	}
	switch {
	case c.at(j) == ':' || c.at(j) == '=':
		return j + 1, true
	case isDigit(c.at(i)) && c.at(i+1) == ':':
		return i + 2, true
	case tab:
		return j, true
	case strict:
		return j, false
	case j > i:
		return j, true
	case j >= len(low):
		return j, true
	}
	// "地点XX市公安局": a value that follows at once, but not a word that goes on.
	return j, !strings.ContainsRune("的在和及与对应是了为有可将被向已签须,、。;)", c.at(j))
}

var (
	ordinalWords = regexp.MustCompile(`第\s*([0-9〇零一二三四五六七八九十]{1,4})\s*次|(?:interrogation|interview|questioning|ordinal|no\.?|number)\s*(?:no\.?|number|ordinal|#)?\s*[:#]?\s*([0-9]{1,3})\b|\b([0-9]{1,2})(?:st|nd|rd|th) (?:interrogation|interview|questioning)|\b(first|second|third|fourth|fifth|sixth) (?:interrogation|interview|questioning)`)
	splitNames   = regexp.MustCompile(`[、,;/&\t]|\s+(?:and|及|和)\s+|和`)
	signed       = regexp.MustCompile(`\((?:签名|签字|签章|盖章|捺印|捺指印|姓名|signature|signed|name)[^)]*\)|\((?:\d{4,8}|警号[^)]*|badge[^)]*|no[^)]*)\)|警号[::]?\s*\d+|\b\d{5,8}\b`)
	englishNums  = map[string]int{"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6}
)

// readFields reads the head of the form.
func (rd *Reading) readFields(rows []row) {
	rd.readTitle(rows)
	for i := range rows {
		r := &rows[i]
		if !r.header || len(r.low) > 4000 {
			continue
		}
		if !rd.Ordinal.Found() && !r.page {
			rd.readOrdinal(r)
		}
		for _, l := range r.labels() {
			rd.addField(l)
		}
	}
}

func (rd *Reading) addField(l labelled) {
	if l.name == "other" {
		return
	}
	switch l.name {
	case "place":
		if v := l.value; !rd.Place.Found() && v != "" {
			rd.Place = Field{Value: v, Line: l.line}
		}
	case "session":
		if v := l.value; !rd.Session.Found() && v != "" {
			rd.Session = Field{Value: v, Line: l.line}
		}
	case "person":
		if n := names(l.value); !rd.Person.Found() && len(n) > 0 {
			rd.Person = Field{Value: n[0], Line: l.line}
		}
	case "questioner":
		rd.Questioners = addNames(rd.Questioners, l)
	case "clerk":
		rd.Clerks = addNames(rd.Clerks, l)
	case "interpreter":
		rd.Interpreters = addNames(rd.Interpreters, l)
	case "guardian":
		rd.Guardians = addNames(rd.Guardians, l)
	}
}

func addNames(to []Field, l labelled) []Field {
	for _, n := range names(l.value) {
		known := false
		for _, f := range to {
			known = known || sameName(f.Value, n)
		}
		if !known {
			to = append(to, Field{Value: n, Line: l.line})
		}
	}
	return to
}

// names splits a list of people. Two Chinese names may be divided by blanks only; a name of two
// characters may be spread to the width of three.
func names(value string) []string {
	value = signed.ReplaceAllString(value, " ")
	var out []string
	for _, part := range splitNames.Split(value, -1) {
		part = strings.TrimSpace(part)
		if part == "" || !hasLetter(part) {
			continue
		}
		words := strings.Fields(part)
		han := true
		for _, r := range part {
			han = han && (unicode.Is(unicode.Han, r) || r == ' ' || r == '·')
		}
		if !han {
			out = append(out, strings.Trim(strings.Join(words, " "), " .:"))
			continue
		}
		for k := 0; k < len(words); k++ {
			w := words[k]
			for len([]rune(w)) == 1 && k+1 < len(words) && len([]rune(words[k+1])) <= 2 {
				k++
				w += words[k]
			}
			out = append(out, w)
		}
	}
	var good []string
	for _, n := range out {
		switch n {
		case "无", "没有", "/", "none", "None", "-", "N/A", "n/a":
		default:
			good = append(good, n)
		}
	}
	return good
}

func hasLetter(s string) bool {
	for _, r := range s {
		if unicode.IsLetter(r) {
			return true
		}
	}
	return false
}

// sameName compares names without regard to blanks, dots and case.
func sameName(a, b string) bool { return nameKey(a) == nameKey(b) }

// SameName reports whether two ways of writing a name are the same but for blanks, dots and case.
func SameName(a, b string) bool { return sameName(a, b) }

func nameKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, normalise(s))
}

func (rd *Reading) readOrdinal(r *row) {
	low := string(r.low)
	m := ordinalWords.FindStringSubmatch(low)
	if m == nil || otherWords.MatchString(m[0]) || strings.Contains(low, "上") && strings.Contains(low, "次讯问") {
		return
	}
	for _, v := range m[1:] {
		if v == "" {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil {
			if e, ok := englishNums[v]; ok {
				n = e
			} else if h, _, ok := hanNumber([]rune(v), 0); ok {
				n = h
			}
		}
		if n > 0 {
			rd.Ordinal = Field{Value: v, Number: n, Line: r.lineAt(0)}
		}
		return
	}
}

var (
	titleZH    = regexp.MustCompile(`(讯问|询问)\s*(?:/\s*(讯问|询问)\s*)?(?:犯罪嫌疑人|证人|被害人|违法嫌疑人)?\s*笔\s*录|讯\s*问\s*笔\s*录|询\s*问\s*笔\s*录`)
	titleEN    = regexp.MustCompile(`(?:record|transcript|minutes|statement) of (?:the )?(interrogation|questioning)|\b(interrogation|questioning) (?:record|transcript)`)
	kindField  = regexp.MustCompile(`^\s*(?:kind|type|笔录类型|类型|种类)\s*[::]\s*(interrogation|questioning|讯问|询问)`)
	tickedKind = regexp.MustCompile(`[☑☒√■✓✔]\s*(讯问|询问)|(讯问|询问)\s*[☑☒√■✓✔]`)
)

// readTitle reads the kind from the title. A form that is titled for both kinds says which by a
// tick, or not at all.
func (rd *Reading) readTitle(rows []row) {
	for i := range rows {
		r := &rows[i]
		if !r.header && i > 0 || r.role != RoleNone || len(r.low) > 200 {
			continue
		}
		low := string(r.low)
		if m := tickedKind.FindStringSubmatch(low); m != nil {
			rd.Kind = Field{Value: string(kindOf(m[1] + m[2])), Line: r.lineAt(0)}
			return
		}
		for _, re := range []*regexp.Regexp{titleZH, titleEN, kindField} {
			m := re.FindStringSubmatch(low)
			if m == nil || rd.Kind.Found() {
				continue
			}
			if strings.Contains(m[0], "讯问") && strings.Contains(m[0], "询问") {
				continue
			}
			word := strings.ReplaceAll(m[0], " ", "")
			rd.Kind = Field{Value: string(kindOf(word)), Line: r.lineAt(0)}
		}
	}
}

func kindOf(word string) Kind {
	if strings.Contains(word, "讯问") || strings.Contains(word, "interrogation") {
		return KindInterrogation
	}
	return KindQuestioning
}
