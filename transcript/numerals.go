package transcript

// hanDigit returns the value of a Han digit, plain or as written on cheques.
func hanDigit(r rune) (int, bool) {
	switch r {
	case '〇', '零':
		return 0, true
	case '一', '壹':
		return 1, true
	case '二', '两', '贰':
		return 2, true
	case '三', '叁':
		return 3, true
	case '四', '肆':
		return 4, true
	case '五', '伍':
		return 5, true
	case '六', '陆':
		return 6, true
	case '七', '柒':
		return 7, true
	case '八', '捌':
		return 8, true
	case '九', '玖':
		return 9, true
	}
	return 0, false
}

// hanTens returns the value of a Han character that stands for tens.
func hanTens(r rune) (int, bool) {
	switch r {
	case '十', '拾':
		return 10, true
	case '廿':
		return 20, true
	case '卅':
		return 30, true
	}
	return 0, false
}

// hanNumber reads a Han number below 10000 at s[i:]: digit by digit (二〇二六, 零五) or with tens
// (十一, 二十二, 廿二). It returns its value and the index after it. A Latin O or a 0 after Han digits
// is read as the zero that it was meant to be.
func hanNumber(s []rune, i int) (value, next int, ok bool) {
	digits, tens := 0, -1
	pending := -1 // a digit that may yet multiply a ten
	j := i
	for ; j < len(s) && j-i < 4; j++ {
		if d, is := hanDigit(s[j]); is {
			if tens >= 0 {
				if pending >= 0 {
					break // 二十二 is complete
				}
				pending = d
				continue
			}
			value, digits, pending = value*10+d, digits+1, d
			continue
		}
		if t, is := hanTens(s[j]); is {
			if tens >= 0 || digits > 1 {
				break
			}
			switch {
			case digits == 0:
				tens = t
			case t == 10 && pending > 0:
				tens = pending * 10
			default:
				return 0, i, false
			}
			pending = -1
			continue
		}
		if (s[j] == 'o' || s[j] == 'O' || s[j] == '0') && digits > 0 && tens < 0 {
			value, digits = value*10, digits+1
			continue
		}
		break
	}
	if j == i {
		return 0, i, false
	}
	if tens >= 0 {
		value = tens
		if pending >= 0 {
			value += pending
		}
	}
	return value, j, true
}
