package transcript

import (
	"fmt"
	"time"
)

// timeOfDay reads a time of day at i. afterDate allows what is only a time beside a date: an empty
// hour, two bare figures.
func (c scan) timeOfDay(i int, afterDate bool) (*civilTime, int, relative, bool) {
	start := i
	approx := false
	for _, w := range []string{"大约", "大概", "约", "about ", "around ", "approximately ", "approx. ", "approx ", "circa ", "c. "} {
		if c.has(i, w) && !isLatin(c.at(i-1)) {
			i = c.spaces(i + len([]rune(w)))
			approx = true
			break
		}
	}
	rel, p := relNone, periodNone
	for _, w := range periodWords {
		if c.has(i, w.word) {
			p, rel = w.period, w.rel
			i = c.spaces(i + len([]rune(w.word)))
			break
		}
	}
	if p == periodNone && (c.has(i, "am ") || c.has(i, "pm ")) && !isLatin(c.at(i-1)) {
		p = periodLatinA
		if c.at(i) == 'p' {
			p = periodLatinP
		}
		i = c.spaces(i + 3)
	}
	t, n, ok := c.clockTime(i, afterDate)
	if !ok {
		t, n, ok = c.hanTime(i, afterDate)
	}
	if !ok {
		return nil, start, relNone, false
	}
	if p != periodNone && t.period == periodNone {
		t.period = p
	}
	n, approxAfter := c.approximateAfter(n)
	t.approximate = approx || approxAfter
	t.settle()
	return t, n, rel, true
}

// settle applies the part of the day and refuses what no clock shows.
func (t *civilTime) settle() {
	if t.blank || t.doubt != "" {
		return
	}
	h, doubt := t.period.apply(t.hour)
	switch {
	case doubt != "":
		t.doubt = doubt
	case t.minute > 59 || t.second > 59 || h > 24 || h == 24 && (t.minute > 0 || t.second > 0):
		t.doubt = fmt.Sprintf("there is no time of day %02d:%02d", t.hour, t.minute)
	default:
		t.hour = h
	}
}

func (c scan) approximateAfter(i int) (int, bool) {
	for _, w := range []string{"许", "左右", "前后", "上下"} {
		if j := c.spaces(i); c.has(j, w) && !(w == "许" && c.at(j+1) == '可') {
			return j + len([]rune(w)), true
		}
	}
	return i, false
}

// clockTime reads 09:05, 9:05:30 pm, 0905 hours, 9.05am, 9 am, noon.
func (c scan) clockTime(i int, afterDate bool) (*civilTime, int, bool) {
	if !isLatin(c.at(i - 1)) {
		for _, w := range []string{"12 noon", "noon", "midday"} {
			if c.has(i, w) && !isLatin(c.at(i+len(w))) {
				return &civilTime{hour: 12, precision: PrecisionMinute}, i + len(w), true
			}
		}
		for _, w := range []string{"12 midnight", "midnight"} {
			if c.has(i, w) && !isLatin(c.at(i+len(w))) {
				return &civilTime{doubt: "midnight may be the beginning or the end of the day"}, i + len(w), true
			}
		}
	}
	if !isDigit(c.at(i)) || !c.boundary(i) && !(c.at(i-1) == 't' && isDigit(c.at(i-2))) && c.at(i-1) != '-' {
		return nil, i, false
	}
	if v, w, n, ok := c.digits(i, 4); ok && w == 4 {
		if k, is := c.hours(n); is {
			return &civilTime{hour: v / 100, minute: v % 100, precision: PrecisionMinute}, k, true
		}
		if afterDate && c.at(i-1) == 't' && c.at(n) != '-' {
			return &civilTime{hour: v / 100, minute: v % 100, precision: PrecisionMinute}, n, true
		}
		return nil, i, false
	}
	if v, w, n, ok := c.digits(i, 6); ok && w == 6 && afterDate && c.at(i-1) == 't' {
		return &civilTime{hour: v / 10000, minute: v / 100 % 100, second: v % 100, precision: PrecisionSecond}, n, true
	}
	h, w, n, ok := c.digits(i, 2)
	if !ok || w > 2 {
		return nil, i, false
	}
	t := &civilTime{hour: h}
	if k, p := c.latinPeriod(c.spaces(n)); p != periodNone {
		t.period = p
		return t, k, true // no minute
	}
	if c.has(c.spaces(n), "o'clock") || c.has(c.spaces(n), "o’clock") {
		n = c.spaces(n) + 7
		if k, p := c.latinPeriod(c.spaces(n)); p != periodNone {
			t.period, n = p, k
		}
		return t, n, true
	}
	sep := c.at(c.spaces(n))
	if sep == '.' || sep == 'h' {
		m, mw, k, ok := c.digits(n+1, 2)
		if c.at(n) != sep || !ok || mw != 2 || isDigit(c.at(k)) || c.at(k) == '.' && isDigit(c.at(k+1)) {
			return nil, i, false
		}
		t.minute, t.precision = m, PrecisionMinute
		if e, p := c.latinPeriod(c.spaces(k)); p != periodNone {
			t.period = p
			return t, e, true
		}
		if e, is := c.hours(k); is {
			return t, e, true
		}
		return t, k, sep == 'h' && !isLatin(c.at(k))
	}
	if sep != ':' {
		return nil, i, false
	}
	return c.colonTime(i, t, c.spaces(n)+1, afterDate, w)
}

// colonTime goes on after "09:".
func (c scan) colonTime(i int, t *civilTime, n int, afterDate bool, width int) (*civilTime, int, bool) {
	iso := c.at(i-1) == 't' && isDigit(c.at(i-2))
	m, mw, k, ok := c.digits(c.spaces(n), 2)
	if !ok {
		// "09:  至": the minute was left empty.
		r := c.at(c.spaces(n))
		if r != ':' && (afterDate || width == 2) && (c.at(n) == ' ' || r == 0 || r == '-' || r == '至' || r == '到') && !isDigit(r) {
			t.blank = true
			return t, n, true
		}
		return nil, i, false
	}
	if mw == 1 {
		t.doubt = fmt.Sprintf("the minute of %d:%d is written with one digit", t.hour, m)
	}
	t.minute, t.precision = m, PrecisionMinute
	if j := c.spaces(k); c.at(j) == ':' {
		if s, sw, e, ok := c.digits(c.spaces(j+1), 2); ok && sw == 2 {
			t.second, t.precision, k = s, PrecisionSecond, e
			if c.at(k) == '.' && isDigit(c.at(k+1)) {
				for k++; isDigit(c.at(k)); k++ {
				}
			}
		}
	}
	if e, p := c.latinPeriod(c.spaces(k)); p != periodNone {
		t.period = p
		return t, e, true
	}
	if e, o, ok := c.offset(k, iso && t.precision == PrecisionSecond); ok {
		t.offset = &o
		return t, e, true
	}
	if e, is := c.hours(k); is {
		k = e
	} else if c.at(k) == '分' || c.at(k) == '时' && c.isUnit(k, false) {
		k++
	}
	return t, k, true
}

// offset reads Z, +08:00, +0800, GMT+8. A minus is an offset only in RFC 3339, where 09:05-11:40
// cannot occur.
func (c scan) offset(i int, rfc bool) (int, time.Duration, bool) {
	if c.at(i) == 'z' && !isLatin(c.at(i+1)) {
		return i + 1, 0, true
	}
	j := c.spaces(i)
	named := false
	if c.at(j) == '(' {
		j++
	}
	for _, w := range []string{"utc", "gmt"} {
		if c.has(j, w) {
			j, named = c.spaces(j+3), true
			break
		}
	}
	sign := c.at(j)
	if sign != '+' && !(sign == '-' && (rfc && j == i || named)) {
		if named && !isLatin(c.at(j)) && sign != '-' {
			return j, 0, true
		}
		return i, 0, false
	}
	h, w, n, ok := c.digits(j+1, 4)
	if !ok {
		return i, 0, false
	}
	m := 0
	switch {
	case w == 4:
		h, m = h/100, h%100
	case c.at(n) == ':':
		if m, w, n, ok = c.digits(n+1, 2); !ok || w != 2 {
			return i, 0, false
		}
	}
	if h > 14 || m > 59 {
		return i, 0, false
	}
	o := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if sign == '-' {
		o = -o
	}
	if c.at(n) == ')' {
		n++
	}
	return n, o, true
}

// hours reads what marks four figures as a time of day.
func (c scan) hours(i int) (int, bool) {
	j := c.spaces(i)
	for _, w := range []string{"hours", "hrs.", "hrs", "hr", "h"} {
		if c.has(j, w) && !isLatin(c.at(j+len(w))) {
			return j + len(w), true
		}
	}
	return i, false
}

func (c scan) latinPeriod(i int) (int, period) {
	for _, w := range []struct {
		word string
		p    period
	}{
		{"a.m.", periodLatinA},
		{"p.m.", periodLatinP},
		{"a.m", periodLatinA},
		{"p.m", periodLatinP},
		{"am", periodLatinA},
		{"pm", periodLatinP},
		{"a m", periodLatinA},
		{"p m", periodLatinP},
		{"in the morning", periodLatinA},
		{"in the afternoon", periodLatinP},
		{"in the evening", periodLatinP},
	} {
		if c.has(i, w.word) && !isLatin(c.at(i+len(w.word))) {
			return i + len(w.word), w.p
		}
	}
	return i, periodNone
}

// hanTime reads 9时5分, 九点半, 9点一刻, 差5分10点, and forms whose minute or hour is left empty.
func (c scan) hanTime(i int, afterDate bool) (*civilTime, int, bool) {
	if c.at(i) == '差' {
		if m, u, ok := c.numberBefore(c.spaces(i+1), 2, "分"); ok && !m.blank {
			if h, v, ok := c.numberBefore(c.spaces(u+1), 2, "时点"); ok && !h.blank && h.value > 0 && m.value > 0 && m.value < 60 {
				return &civilTime{hour: h.value - 1, minute: 60 - m.value, precision: PrecisionMinute}, v + 1, true
			}
		}
		return nil, i, false
	}
	t := &civilTime{}
	var n int
	if h, u, ok := c.numberBefore(i, 2, "时点"); ok && (c.boundary(i) || !isDigit(c.at(i))) && c.isUnit(u, h.blank) {
		t.hour, t.blank, n = h.value, h.blank, u+1
	} else if r := c.at(i); afterDate && (r == '时' || r == '点') && c.isUnit(i, true) {
		t.blank, n = true, i+1
	} else {
		return nil, i, false
	}
	if c.at(n) == '钟' {
		n++
	}
	if c.at(n) == '整' || c.at(n) == '正' {
		t.precision = PrecisionMinute
		return t, n + 1, true
	}
	return c.hanMinute(i, t, n)
}

// hanMinute goes on after "9时".
func (c scan) hanMinute(start int, t *civilTime, n int) (*civilTime, int, bool) {
	j := c.spaces(n)
	if c.at(j) == '半' {
		t.minute, t.precision = 30, PrecisionMinute
		return t, j + 1, true
	}
	if q, u, ok := c.numberBefore(j, 1, "刻"); ok && (q.value == 1 || q.value == 3 || q.value == 2) {
		t.minute, t.precision = q.value*15, PrecisionMinute
		return t, u + 1, true
	}
	if c.at(j) == '过' {
		j = c.spaces(j + 1)
	}
	if m, u, ok := c.numberBefore(j, 2, "分"); ok {
		if c.at(u+1) == '钟' {
			return nil, start, false
		}
		t.minute, t.blank = m.value, t.blank || m.blank
		if !m.blank {
			t.precision = PrecisionMinute
		}
		n = u + 1
		if s, v, ok := c.numberBefore(c.spaces(n), 2, "秒"); ok && !s.blank {
			t.second, t.precision, n = s.value, PrecisionSecond, v+1
		}
		return t, n, true
	}
	if c.at(j) == '分' && c.isUnit(j, true) {
		t.blank = true
		return t, j + 1, true
	}
	if v, w, k, ok := c.digits(j, 2); ok && (w == 2 || j == n) && !c.unitAt(k) {
		if w == 1 {
			t.doubt = fmt.Sprintf("the minute of %d:%d is written with one digit", t.hour, v)
		}
		t.minute, t.precision = v, PrecisionMinute
		return t, k, true
	}
	if v, k, ok := hanNumber(c.s, j); ok && j == n && k-j <= 3 && !c.unitAt(k) {
		t.minute, t.precision = v, PrecisionMinute
		return t, k, true
	}
	return t, n, true // no minute
}

// unitAt reports whether the number before i belongs to something else.
func (c scan) unitAt(i int) bool {
	switch c.at(c.spaces(i)) {
	case '年', '月', '日', '号', '时', '点', ':', '/', '次', '人', '名', '个', '小', '.':
		return true
	}
	return isLatin(c.at(i)) || isDigit(c.at(i))
}
