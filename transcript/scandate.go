package transcript

import "fmt"

// date reads a date at i: with Han units, in figures, in English words, or by reference.
func (c scan) date(i int) (*civilDate, int, bool) {
	if d, n, ok := c.relativeDate(i); ok {
		return d, n, true
	}
	if d, n, ok := c.hanDate(i); ok {
		n = c.weekdayAfter(n, d)
		return d, n, true
	}
	if d, n, ok := c.figureDate(i); ok {
		n = c.weekdayAfter(n, d)
		return d, n, true
	}
	if d, n, ok := c.englishDate(i); ok {
		if w := c.weekdayBefore(i); w >= 0 {
			d.weekday = w
		}
		n = c.weekdayAfter(n, d)
		return d, n, true
	}
	return nil, i, false
}

var relativeWords = []struct {
	word string
	rel  relative
}{
	{"当日", relSame},
	{"当天", relSame},
	{"同日", relSame},
	{"同天", relSame},
	{"本日", relSame},
	{"同一天", relSame},
	{"次日", relNext},
	{"翌日", relNext},
	{"第二天", relNext},
	{"第二日", relNext},
	{"隔日", relNext},
	{"隔天", relNext},
	{"the same day", relSame},
	{"same day", relSame},
	{"the same date", relSame},
	{"same date", relSame},
	{"that day", relSame},
	{"the following day", relNext},
	{"following day", relNext},
	{"the next day", relNext},
	{"next day", relNext},
	{"the day after", relNext},
	{"following morning", relNext},
}

func (c scan) relativeDate(i int) (*civilDate, int, bool) {
	if isLatin(c.at(i)) && isLatin(c.at(i-1)) {
		return nil, i, false
	}
	for _, w := range relativeWords {
		if c.has(i, w.word) {
			n := i + len([]rune(w.word))
			d := &civilDate{rel: w.rel, weekday: -1}
			if c.at(n) == '(' { // 次日(23日)
				if h, m, ok := c.hanDate(n + 1); ok && c.at(c.spaces(m)) == ')' {
					h.rel = w.rel
					return h, c.spaces(m) + 1, true
				}
			}
			return d, n, true
		}
	}
	return nil, i, false
}

// hanDate reads 2026年11月22日 with any of its parts left out or blank.
func (c scan) hanDate(i int) (*civilDate, int, bool) {
	if r := c.at(i); isDigit(r) && !c.boundary(i) {
		return nil, i, false
	}
	start := i
	d := &civilDate{weekday: -1}
	republic := false
	for _, w := range []string{"中华民国", "民国"} {
		if c.has(i, w) {
			i += len([]rune(w))
			republic = true
			break
		}
	}
	if !republic && c.has(i, "公元") {
		i += 2
	}
	units := [3]string{"年", "月", "日号"}
	widths := [3]int{4, 2, 2}
	parts := [3]*int{&d.year, &d.month, &d.day}
	values, blanks, p := 0, 0, i
	impossible := ""
	for k := range units {
		q := c.spaces(p)
		n, u, ok := c.numberBefore(q, widths[k], units[k])
		switch {
		case ok && !n.blank && c.isUnit(u, false):
			*parts[k] = n.value
			values++
			if n.value == 0 || k == 1 && n.value > 12 || k == 2 && n.value > 31 {
				impossible = fmt.Sprintf("there is no %s %d", [3]string{"year", "month", "day"}[k], n.value)
			}
			if k == 0 {
				if impossible == "" && d.year < 100 && n.width == 2 && !republic {
					d.year += 2000
				}
				if republic {
					d.year += 1911
				}
			}
			p = u + 1
		case ok && n.blank && c.isUnit(u, true):
			blanks++
			p = u + 1
		case !ok && containsRune(units[k], c.at(q)) && (q > p || values+blanks > 0 || p == start) && c.isUnit(q, true):
			blanks++
			p = q + 1
		}
		if k == 1 && p > i && c.at(p) == '份' {
			p++
		}
	}
	switch {
	case p == i, values+blanks < 2 && d.day == 0, values == 1 && d.year != 0 && blanks == 0:
		return nil, i, false
	case values == 0 && blanks < 2:
		return nil, i, false
	}
	d.blank, d.doubt = blanks > 0, impossible
	return d, p, true
}

func containsRune(s string, r rune) bool {
	for _, x := range s {
		if x == r {
			return true
		}
	}
	return false
}

// figureDate reads 2026-11-22, 2026/11/22, 2026.11.22, 20261122 and 22/11/2026.
func (c scan) figureDate(i int) (*civilDate, int, bool) {
	if !isDigit(c.at(i)) || !c.boundary(i) {
		return nil, i, false
	}
	if v, w, n, ok := c.digits(i, 8); ok && w == 8 {
		y, m, d := v/10000, v/100%100, v%100
		if y >= 1900 && y < 2200 && m >= 1 && m <= 12 && d >= 1 && d <= 31 && !isLatin(c.at(n)) || c.at(n) == 't' && isDigit(c.at(n+1)) {
			return &civilDate{year: y, month: m, day: d, weekday: -1}, n, true
		}
		return nil, i, false
	}
	a, wa, n, ok := c.digits(i, 4)
	if !ok {
		return nil, i, false
	}
	n = c.spaces(n)
	sep := c.at(n)
	if sep != '-' && sep != '/' && sep != '.' {
		return nil, i, false
	}
	b, wb, n, ok := c.digits(c.spaces(n+1), 2)
	if !ok || wb > 2 {
		return nil, i, false
	}
	n = c.spaces(n)
	if c.at(n) != sep {
		return nil, i, false
	}
	e, we, n, ok := c.digits(c.spaces(n+1), 4)
	if !ok {
		return nil, i, false
	}
	d := &civilDate{weekday: -1}
	switch {
	case wa == 4 && we <= 2:
		d.year, d.month, d.day = a, b, e
	case wa <= 2 && we == 4:
		d.year = e
		switch {
		case a > 12:
			d.day, d.month = a, b
		case b > 12:
			d.month, d.day = a, b
		case a == b:
			d.month, d.day = a, b
		default:
			d.day, d.month = a, b
			d.doubt = fmt.Sprintf("%d%c%d%c%d may be a day and a month or a month and a day", a, sep, b, sep, e)
		}
	case wa <= 2 && wb <= 2 && we == 2 && sep != '.':
		d.year, d.month, d.day = 2000+e, b, a
		d.doubt = fmt.Sprintf("%02d%c%02d%c%02d can be read as more than one date", a, sep, b, sep, e)
	default:
		return nil, i, false
	}
	if d.doubt == "" && (d.month < 1 || d.month > 12 || d.day < 1 || d.day > 31) {
		d.doubt = fmt.Sprintf("there is no month %d, day %d", d.month, d.day)
	}
	return d, n, true
}

var months = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

// month reads an English month at i, whole or as its first three letters (sept too).
func (c scan) month(i int) (m, next int, ok bool) {
	if isLatin(c.at(i - 1)) {
		return 0, i, false
	}
	for k, name := range months {
		for _, w := range []string{name, name[:3], "sept"} {
			if w == "sept" && k != 8 || !c.has(i, w) || isLatin(c.at(i+len(w))) {
				continue
			}
			n := i + len(w)
			if c.at(n) == '.' {
				n++
			}
			return k + 1, n, true
		}
	}
	return 0, i, false
}

func (c scan) ordinalSuffix(i int) int {
	for _, w := range []string{"st", "nd", "rd", "th"} {
		if c.has(i, w) && !isLatin(c.at(i+2)) {
			return i + 2
		}
	}
	return i
}

func (c scan) year(i int) (int, int, bool) {
	j := i
	for c.at(j) == ' ' || c.at(j) == ',' || c.at(j) == '-' || c.at(j) == '/' {
		j++
	}
	if v, w, n, ok := c.digits(j, 4); ok && w == 4 && v >= 1900 && v < 2200 && c.at(n) != ':' {
		return v, n, true
	}
	return 0, i, false
}

// englishDate reads 22 November 2026, the 22nd of November, Nov 22, 2026.
func (c scan) englishDate(i int) (*civilDate, int, bool) {
	if isDigit(c.at(i)) && c.boundary(i) {
		v, w, n, ok := c.digits(i, 2)
		if !ok || w > 2 {
			return nil, i, false
		}
		n = c.ordinalSuffix(n)
		for c.at(n) == ' ' || c.at(n) == '-' || c.at(n) == '/' {
			n++
		}
		if c.has(n, "day of ") {
			n += 7
		} else if c.has(n, "of ") {
			n += 3
		}
		m, n, ok := c.month(n)
		if !ok {
			return nil, i, false
		}
		d := &civilDate{month: m, day: v, weekday: -1}
		if v < 1 || v > 31 {
			d.doubt = fmt.Sprintf("there is no day %d", v)
		}
		if y, k, ok := c.year(n); ok {
			d.year, n = y, k
		}
		return d, n, true
	}
	m, n, ok := c.month(i)
	if !ok {
		return nil, i, false
	}
	n = c.spaces(n)
	if c.has(n, "the ") {
		n += 4
	}
	v, w, n, ok := c.digits(n, 2)
	if !ok || w > 2 {
		return nil, i, false
	}
	n = c.ordinalSuffix(n)
	d := &civilDate{month: m, day: v, weekday: -1}
	if v < 1 || v > 31 {
		d.doubt = fmt.Sprintf("there is no day %d", v)
	}
	if y, k, ok := c.year(n); ok {
		d.year, n = y, k
	}
	return d, n, true
}

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// weekdayAfter reads a weekday after a date, in brackets or not, and notes it.
func (c scan) weekdayAfter(i int, d *civilDate) int {
	j := c.spaces(i)
	bracket := c.at(j) == '('
	if bracket || c.at(j) == ',' {
		j = c.spaces(j + 1)
	}
	w := -1
	for _, p := range []string{"星期", "礼拜", "周"} {
		if !c.has(j, p) {
			continue
		}
		j += len([]rune(p))
		switch r := c.at(j); r {
		case '日', '天', '七', '7':
			w = 0
		default:
			if v, ok := hanDigit(r); ok && v >= 1 && v <= 6 {
				w = v
			} else if r >= '1' && r <= '6' {
				w = int(r - '0')
			}
		}
		j++
		break
	}
	if w < 0 {
		for k, name := range weekdays {
			if c.has(j, name) {
				w, j = k, j+len(name)
				break
			}
			if c.has(j, name[:3]) && !isLatin(c.at(j+3)) {
				w, j = k, j+3
				break
			}
		}
	}
	if w < 0 {
		return i
	}
	d.weekday = w
	if bracket {
		j = c.spaces(j)
		if c.at(j) != ')' {
			return i
		}
		j++
	}
	return j
}

// weekdayBefore returns the weekday that stands before i, or -1.
func (c scan) weekdayBefore(i int) int {
	j := i - 1
	for j >= 0 && (c.s[j] == ' ' || c.s[j] == ',') {
		j--
	}
	if j >= 3 && c.has(j-2, "the") { // Sunday the 22nd
		j -= 3
		for j >= 0 && (c.s[j] == ' ' || c.s[j] == ',') {
			j--
		}
	}
	for k, name := range weekdays {
		for _, w := range []string{name, name[:3]} {
			if s := j - len(w) + 1; s >= 0 && c.has(s, w) && !isLatin(c.at(s-1)) {
				return k
			}
		}
	}
	return -1
}
