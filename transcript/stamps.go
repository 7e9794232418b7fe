package transcript

// stamps returns the dates and times in the text, in order.
func (c scan) stamps() []stamp {
	var out []stamp
	for i := 0; i < len(c.s); {
		if !c.candidate(i) {
			i++
			continue
		}
		if d, n, ok := c.date(i); ok {
			if r, k, ok := c.relativeBeside(n); ok && d.rel == relNone {
				d.rel, n = r, k // 23日(次日)
			}
			st := stamp{date: d, from: i, to: n}
			if t, k, rel, ok := c.timeOfDay(c.dateGap(n), true); ok {
				if rel != relNone && d.rel == relNone && !d.whole() {
					d.rel = rel
				}
				st.tod, st.to = t, k
			}
			out = append(out, st)
			i = st.to
			continue
		}
		if t, n, rel, ok := c.timeOfDay(i, len(out) > 0 && c.afterTo(i)); ok {
			st := stamp{tod: t, from: i, to: n}
			if rel != relNone {
				st.date = &civilDate{rel: rel, weekday: -1}
			} else if d, k, ok := c.dateAfter(n); ok {
				st.date, st.to = d, k
			}
			out = append(out, st)
			i = st.to
			continue
		}
		i++
	}
	return out
}

// relativeBeside reads a second, relative naming of the day beside a date.
func (c scan) relativeBeside(i int) (relative, int, bool) {
	j := c.spaces(i)
	bracket := c.at(j) == '('
	if bracket {
		j = c.spaces(j + 1)
	}
	d, n, ok := c.relativeDate(j)
	if !ok || d.day > 0 {
		return relNone, i, false
	}
	if bracket {
		if n = c.spaces(n); c.at(n) != ')' {
			return relNone, i, false
		}
		n++
	}
	return d.rel, n, true
}

// candidate reports quickly whether something may begin at i.
func (c scan) candidate(i int) bool {
	r := c.s[i]
	if r < 0x80 {
		return isDigit(r) || isLatin(r) && !isLatin(c.at(i-1)) || isBlankMark(r)
	}
	return r >= 0x3000
}

// afterTo reports whether i follows a "to", after which an empty hour stands for a time.
func (c scan) afterTo(i int) bool {
	for i--; i >= 0 && c.s[i] == ' '; i-- {
	}
	return c.at(i) == '至' || c.at(i) == '到'
}

// dateGap skips what may stand between a date and its time of day.
func (c scan) dateGap(i int) int {
	j := c.spaces(i)
	if c.at(j) == ',' || c.at(j) == ';' {
		j = c.spaces(j + 1)
	}
	if c.at(i) == 't' && isDigit(c.at(i+1)) {
		return i + 1
	}
	for _, w := range []string{"at ", "@", "from ", "between "} {
		if c.has(j, w) {
			return c.spaces(j + len(w))
		}
	}
	return j
}

// dateAfter reads the date of a time of day that stands before it: "9:05 am on 22 November 2026".
func (c scan) dateAfter(i int) (*civilDate, int, bool) {
	j := c.spaces(i)
	on := false
	if c.at(j) == ',' || c.at(j) == '(' {
		j = c.spaces(j + 1)
	}
	for _, w := range []string{"hours on ", "on ", "of "} {
		if c.has(j, w) {
			j, on = c.spaces(j+len(w)), true
			break
		}
	}
	for k := 0; k < 2; k++ { // "on Sunday the 22nd"
		for _, w := range append([]string{"the "}, weekdays...) {
			if w == "the " && (c.has(j, "the same") || c.has(j, "the next") || c.has(j, "the foll") || c.has(j, "the day")) {
				continue
			}
			if c.has(j, w) {
				j += len(w)
				for c.at(j) == ' ' || c.at(j) == ',' {
					j++
				}
				break
			}
		}
	}
	if j == i {
		return nil, i, false
	}
	d, n, ok := c.date(j)
	if !ok {
		return nil, i, false
	}
	if !on && d.rel == relNone {
		if _, _, _, timed := c.timeOfDay(c.dateGap(n), true); timed {
			return nil, i, false // the date of what follows
		}
		if d.day != 0 && d.month == 0 {
			return nil, i, false
		}
	}
	return d, n, true
}
