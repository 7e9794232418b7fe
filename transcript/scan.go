package transcript

import "unicode"

// scan finds dates and times of day in one normalised text.
type scan struct {
	s []rune // lower case
}

func (c scan) at(i int) rune {
	if i < 0 || i >= len(c.s) {
		return 0
	}
	return c.s[i]
}

func (c scan) spaces(i int) int {
	for i < len(c.s) && (c.s[i] == ' ' || c.s[i] == '\t') {
		i++
	}
	return i
}

func (c scan) has(i int, word string) bool {
	for _, r := range word {
		if c.at(i) != r {
			return false
		}
		i++
	}
	return true
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isLatin(r rune) bool { return r >= 'a' && r <= 'z' }

// digits reads up to max ASCII digits that stand together. It fails on a longer run.
func (c scan) digits(i, max int) (value, width, next int, ok bool) {
	j := i
	for isDigit(c.at(j)) {
		if j-i >= max {
			return 0, 0, i, false
		}
		value = value*10 + int(c.s[j]-'0')
		j++
	}
	return value, j - i, j, j > i
}

// spacedDigits reads up to max digits with single blanks between them, as letter-spaced forms give
// them: "2 0 2 6 年".
func (c scan) spacedDigits(i, max int) (value, next int, ok bool) {
	n, j := 0, i
	for isDigit(c.at(j)) && n < max {
		value = value*10 + int(c.s[j]-'0')
		n++
		j++
		if k := c.spaces(j); isDigit(c.at(k)) {
			j = k
		}
	}
	return value, j, n > 0 && !isDigit(c.at(j))
}

// number is a number of a date or time as written before its unit.
type number struct {
	value int
	width int  // digits written; 0 for Han
	blank bool // struck out or marked empty: XX, □□
}

// numberBefore reads a number at i that is followed by one of units. It returns the index of the
// unit.
func (c scan) numberBefore(i, max int, units string) (number, int, bool) {
	unit := func(j int) (int, bool) {
		j = c.spaces(j)
		for _, u := range units {
			if c.at(j) == u {
				return j, true
			}
		}
		return j, false
	}
	if isDigit(c.at(i)) {
		if v, w, j, ok := c.digits(i, max); ok {
			if u, ok := unit(j); ok {
				return number{value: v, width: w}, u, true
			}
		}
		if v, j, ok := c.spacedDigits(i, max); ok {
			if u, ok := unit(j); ok {
				return number{value: v, width: max}, u, true
			}
		}
		return number{}, i, false
	}
	if v, j, ok := hanNumber(c.s, i); ok {
		if u, ok := unit(j); ok {
			return number{value: v}, u, true
		}
		return number{}, i, false
	}
	j := i
	for j-i < 8 && isBlankMark(c.at(j)) {
		j++
	}
	if j > i {
		if u, ok := unit(j); ok {
			return number{blank: true}, u, true
		}
	}
	return number{}, i, false
}

func isBlankMark(r rune) bool {
	switch r {
	case 'x', '×', '*', '□', '?', '■', '△', '/', '-', '.', '…':
		return true
	}
	return false
}

// A unit's character that begins one of these words is not a unit.
var unitWords = map[rune]string{
	'年': "龄度级代纪初底末轻青老",
	'月': "薪租经底初末",
	'日': "期常本记报语志后",
	'号': "码楼院房室线牌公",
	'时': "间候常任段刻而期代机速效有不",
	'点': "名击评数头火儿心子",
	'分': "局别管配析公子工享手类钟成散部院队所",
}

// isUnit reports whether the character at i is a unit and not the beginning of a word. Before a
// blank, a word is likelier, so strict wants a space, a number, a unit or the end after it.
func (c scan) isUnit(i int, strict bool) bool {
	next := c.at(i + 1)
	for _, r := range unitWords[c.at(i)] {
		if next == r && (r != '期' || c.at(i+2) != '间') {
			return false
		}
	}
	if !strict || next == 0 || !unicode.IsLetter(next) || isBlankMark(next) {
		return true
	}
	if _, ok := hanDigit(next); ok {
		return true
	}
	switch next {
	case '月', '日', '时', '分', '秒', '点', '至', '到', '十', '起', '止', '上', '下', '凌', '中', '晚', '开', '结', '恢', '离', '号':
		return true
	}
	return false
}

// boundary reports whether a number may begin at i: it does not continue another number or a word.
func (c scan) boundary(i int) bool {
	p := c.at(i - 1)
	return !isDigit(p) && !isLatin(p) && p != '.' && (p != '-' || !isDigit(c.at(i-2)))
}
