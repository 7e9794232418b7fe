package transcript

import (
	"regexp"
	"strings"
	"unicode"
)

// class says what a time stands for, by the words beside it.
type class uint8

const (
	classNone  class = iota
	classOther       // a birth, a print date, an arrival: not the questioning
	classStart
	classEnd
	classSpan  // "time": of the questioning, from and to
	classBreak // an interruption or a rest
	classDate  // "date": a day alone
)

var (
	otherWords = regexp.MustCompile(`出生|生日|生于|年龄|打印|印制|印发|到达|抵达|离开|离去|到案|抓获|归案|投案|扭送|传唤|拘传|拘留|逮捕|羁押|入所|收押|` +
		`案发|发案|作案|事发|发生|报案|报警|接警|接报|立案|受案|受理|签发|有效|送达|审核|审批|上传|导出|生成|归档|建档|` +
		`上次|前次|上一次|此前|曾于|采集|体检|检查|到场|录音|录像|(?:视频|音频|同步)(?:的)?(?:开始|起始|结束|终止|截止|起止|起讫|时间|时段)|(?:^|[^笔])录制|同录|录屏|制表|填表|保存|签名|签字|捺印|捺指印|权利义务|告知|回避|办理|通知|` +
		`修改|更正|版本|更新|页码|证件|驾驶|入职|毕业|结婚|前科|判处|释放|入境|` +
		`birth|\bborn\b|\bd\.?o\.?b\b|print|\barriv|\bleft\b|\bdepart|\breleas|summon|\bdetain|\barrest|\bcreated\b|generat|export|` +
		`modif|upload|\bsaved\b|\bpage\b|previous|earlier|\blast interview|recording|\brecorder\b|\bvideo\b|\baudio\b|\btape\b|incident|offence|offense|` +
		`occurr|\breport|\bissue|\bvalid|\bsigned\b|\bsignature|\brevis|\bversion|\bapprov|\breviewed|\bfax|\bsent\b|\breceived|\bupdated|\bexpir|notified|medical|examin`)
	startWords = regexp.MustCompile(`开始|起始|始于|起于|启始|开讯|\bstart|\bcommenc|\bbegin|\bbegan|\bbegun|\bopened|\btime from|\bfrom:?\s*$|\bbegan`)
	endWords   = regexp.MustCompile(`结束|终止|截止|截至|止于|完毕|终了|讯毕|讫|\bend\b|\bends\b|\bended\b|\bending\b|\bend_|\bconclu|\bfinish|\bterminat|\bcomplet|\bclos(ed|ing|e)\b|\buntil:?\s*$|\btime to\b|\bto:?\s*$`)
	spanWords  = regexp.MustCompile(`时间|时段|起止|起讫|\btimes?\b|\bperiod\b|\bduration\b|\bdate\b|\binterview\b|\binterrogation\b|\bquestioning\b|\bheld\b|\bconducted\b|\btook place\b`)
	dateWords  = regexp.MustCompile(`日期|\bdate\b`)
	breakWords = regexp.MustCompile(`中止|中断|暂停|休息|用餐|就餐|吃饭|进餐|如厕|厕所|恢复|继续|停电|suspen|interrupt|\bpause|\bbreak|\brest\b|\bmeal|\blunch|\bdinner|\bsupper|resum|adjourn|\bstopped`)
	timeLabel  = regexp.MustCompile(`时间|时段|起止|开始|结束|\btime\b|commenc|conclud|started|ended|\bdate\b|\bfrom\b`)

	// ownSpan tells the time of questioning from other times that the form may have.
	ownSpan = regexp.MustCompile(`^[\s()（\[【]*(本次)?(讯问|询问|审讯|谈话|问话|调查|提讯)?(笔录)?(的)?(起止|起讫|具体|开始.{0,2}结束)?(日期)?[和及、/]?(时间|时段|起止)|\b(interview|interrogation|questioning|held|conducted|took place|period|duration)\b|^[\s(]*(the )?(start and end )?(date ?(and|/|&) ?)?times?\b`)

	afterOther = regexp.MustCompile(`^[\s,()]*(出?生|到达|抵达|到案|到场|离开|归案|抓获|打印|印制|被(抓|传|拘|扭|带|刑)|(经|接受|因).{0,6}传唤|传唤|拘留|上传|导出|签收|签名|采集|告知|作案|发生|报案|[(]?打印)|^[\s,()]*(print|arriv|born|signed|\(?d\.?o\.?b|left\b|departed|reported|the offence|the incident)`)
	afterBreak = regexp.MustCompile(`^[\s,()]*(因.{0,30}?)?(讯问|询问|问话|录音录像|录像|录制)?(中止|中断|暂停|休息|用餐|就餐|吃饭|恢复|继续)|^[\s,()]*(the |this )?(interview |interrogation |questioning |recording )?(was )?(suspend|interrupt|pause|break|resum|stopped|adjourn)`)
	afterStart = regexp.MustCompile(`^[\s,]*(时|起)?[\s,]*(开始|起始)|^[\s,]*起[\s,。;]|^[\s,]*起$|^.{0,14}(讯问|询问|谈话|问话|调查|本次笔录)开始|^[\s,:.-]*(the |this )?(formal )?(interview|interrogation|questioning|session|statement)?\s*(of .{0,40})?(was |is |has )?(been )?(start|commenc|began|begin|begun|opened)`)
	afterEnd   = regexp.MustCompile(`^[\s,]*(时)?[\s,]*(结束|终止|完毕|为止|止|讫)|^.{0,14}(讯问|询问|谈话|问话|调查|笔录)(全部)?(结束|终止|完毕)|^[\s,:.-]*(the |this )?(interview|interrogation|questioning|session|statement)?\s*(of .{0,40})?(was |is |has )?(been )?(end|conclu|finish|terminat|complet|close)`)
	afterLabel = regexp.MustCompile(`^(的)?(时间|日期|时刻|时|地点|人|time|:)`)
)

// classify tells what the words before a time make of it.
func classify(label string) class {
	if strings.TrimSpace(label) == "" {
		return classNone
	}
	s, e := startWords.MatchString(label), endWords.MatchString(label)
	switch strings.TrimSpace(label) {
	case "起", "始", "自":
		return classStart
	case "止", "终", "至":
		return classEnd
	}
	switch {
	case otherWords.MatchString(label):
		return classOther
	case breakWords.MatchString(label):
		return classBreak
	case s && e:
		return classSpan
	case s:
		return classStart
	case e:
		return classEnd
	case dateWords.MatchString(label) && !strings.Contains(label, "时间") && !strings.Contains(label, "time"):
		return classDate
	case spanWords.MatchString(label):
		return classSpan
	}
	return classNone
}

// classifyAfter tells what the words after a time make of it.
func classifyAfter(text string) class {
	hit := func(re *regexp.Regexp) bool {
		loc := re.FindStringIndex(text)
		return loc != nil && !afterLabel.MatchString(strings.TrimSpace(text[loc[1]:]))
	}
	switch {
	case afterOther.MatchString(text):
		return classOther
	case hit(afterBreak):
		return classBreak
	case hit(afterStart):
		return classStart
	case hit(afterEnd):
		return classEnd
	}
	return classNone
}

// labelBefore returns the label in the text between the time before and this one: what stands in
// the last clause, the last cell, after the last colon. Letter-spaced labels are closed up.
func labelBefore(text string) string {
	text = strings.Map(func(r rune) rune {
		switch r { // the ends of clauses
		case ',', '。', ';', '|':
			return '\n'
		}
		return r
	}, strings.ReplaceAll(text, ". ", "\n "))
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\t' })
	label, k := "", len(parts)-1
	for ; k >= 0; k-- {
		if label = strings.Trim(parts[k], " :"); label != "" && label != "(" {
			break
		}
	}
	if label == "" || label == "(" {
		return ""
	}
	if i := strings.LastIndex(label, ":"); i >= 0 {
		if rest := strings.TrimSpace(label[i+1:]); rest != "" && !preposition(rest) {
			label = label[i+1:]
		}
	}
	label = lastWord(label)
	if isPureSpan(label) && k > 0 {
		// "讯问结束,时间:": the clause before says which time.
		before := lastWord(strings.Trim(parts[k-1], " :"))
		if c := classify(before); (c == classStart || c == classEnd || c == classOther) && len([]rune(before)) < 16 && !strings.ContainsAny(before, "0123456789:") {
			label = before + label
		}
	}
	return label
}

func preposition(s string) bool {
	switch strings.TrimSpace(s) {
	case "at", "on", "from", "于", "自", "从", "在", "between", "(", "为", "是", "(at":
		return true
	}
	return false
}

func isPureSpan(s string) bool {
	switch strings.TrimSpace(strings.Trim(s, "():于自从")) {
	case "时间", "具体时间", "起止时间", "time", "at", "日期":
		return true
	}
	return false
}

// lastWord returns the last word of a Chinese label with its letters closed up, and an English label
// whole.
func lastWord(label string) string {
	han := false
	for _, r := range label {
		han = han || unicode.Is(unicode.Han, r)
	}
	if !han {
		return label
	}
	var words []string
	single := false
	for _, w := range strings.Fields(label) {
		one := len([]rune(w)) == 1
		if one && single && len(words) > 0 {
			words[len(words)-1] += w
		} else {
			words = append(words, w)
		}
		single = one
	}
	last := words[len(words)-1]
	for k := len(words) - 2; k >= 0 && (preposition(last) || isPureSpan(last)); k-- {
		if n := len([]rune(words[k])); strings.HasSuffix(words[k], ":") || n > 12 || n > 6 && isPureSpan(last) {
			break
		}
		last = words[k] + last
		if !preposition(words[k]) && !isPureSpan(words[k]) {
			break
		}
	}
	return last
}

// bareLabel reports whether the line is nothing but the label of a time.
func bareLabel(line string) bool {
	line = strings.Trim(strings.TrimSpace(line), " :()")
	line = lastWord(line)
	if len([]rune(line)) > 24 || line == "" || strings.ContainsAny(line, "0123456789") {
		return false
	}
	c := classify(line)
	if c != classStart && c != classEnd && c != classSpan && c != classDate {
		return false
	}
	return strings.HasSuffix(line, "时间") || strings.HasSuffix(line, "起止") || strings.HasSuffix(line, "日期") || strings.HasSuffix(line, "time") ||
		strings.HasSuffix(line, "date") || strings.HasSuffix(line, " at") || strings.HasSuffix(line, "times")
}
