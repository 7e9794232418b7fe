package copies

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"roomrec/clock"
)

// text draws what stands below the pictures, as ffmpeg's libass reads it (ASS, version 4+). Everything is
// measured in the picture's own pixels.
type text struct {
	b             strings.Builder
	width, height int // of the picture, without the band
}

// sizes are how high what stands in the band below a picture is, in pixels. Nothing stands over the picture:
// it may be what is signed there, or the camera's own time.
type sizes struct {
	clock, label, room int // of the letters
	around             int // of the box behind them
	gap                int
}

func sizesFor(width, height int) sizes {
	return sizes{
		clock:  max(min(height/16, width/24), 12),
		label:  max(min(height/38, width/50), 7), // the seal's 77 characters fit
		room:   max(min(height/30, width/40), 8),
		around: max(height/180, 2),
		gap:    max(height/120, 2),
	}
}

// labelTop is how far above the lower edge the two lines that name the copy end: what it is a copy of, in
// the room's size, and how the source is recognised.
func (z sizes) labelTop() int { return z.gap + z.room + z.label + 2*z.around }

// band is the height of the band.
func (z sizes) band() int { return (z.labelTop() + z.gap + z.clock + 2*z.around + z.gap + 1) &^ 1 }

// bandFor returns the height of the band below a picture.
func bandFor(width, height int) int { return sizesFor(width, height).band() }

// The parts of the text. The clock is drawn with figures of one width.
const (
	styleClock = "Clock"
	styleLabel = "Label"
	styleCard  = "Card"
	styleRoom  = "Room"
)

func newText(width, height int) *text {
	t := &text{width: width, height: height}
	z := sizesFor(width, height)
	fmt.Fprintf(&t.b, "[Script Info]\nScriptType: v4.00+\nPlayResX: %d\nPlayResY: %d\nWrapStyle: 2\nScaledBorderAndShadow: yes\n\n[V4+ Styles]\n", width, height+z.band())
	t.b.WriteString("Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n")
	side := max(height/40, 4)
	style := func(name, font string, size, align, up int) {
		// White on a box of nearly black, in a band that is black.
		fmt.Fprintf(&t.b, "Style: %s,%s,%d,&H00FFFFFF,&H00FFFFFF,&H30000000,&H30000000,0,0,0,0,100,100,0,0,3,%d,0,%d,%d,%d,%d,1\n",
			name, font, size, z.around, align, side, side, up)
	}
	style(styleClock, "DejaVu Sans Mono", z.clock, 1, z.labelTop()+z.gap)
	style(styleLabel, "DejaVu Sans Mono", z.label, 1, z.gap)
	style(styleRoom, "DejaVu Sans Mono", z.room, 3, z.labelTop()+z.gap)
	style(styleCard, "Noto Sans CJK SC", cardSize(height), 5, 0)
	t.b.WriteString("\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n")
	return t
}

// add shows a line between two instants. The format counts hundredths; both are rounded up, so that a
// line begins with the first picture that is not before it, or at most 10 ms late.
func (t *text) add(from, to time.Duration, style, words string) {
	if a, b := hundredths(from), hundredths(to); b > a {
		fmt.Fprintf(&t.b, "Dialogue: 0,%s,%s,%s,,0,0,0,,%s\n", stamp(a), stamp(b), style, words)
	}
}

func hundredths(d time.Duration) int64 {
	const unit = 10 * time.Millisecond
	return int64((max(d, 0) + unit - 1) / unit)
}

func stamp(n int64) string {
	return fmt.Sprintf("%d:%02d:%02d.%02d", n/360000, n/6000%60, n/100%60, n%100)
}

// plain makes words harmless: no control sequence of the format, no line break.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '{' || r == '}' || r == '\\':
			return '·'
		case r < ' ' || r == 0x7f:
			return ' '
		}
		return r
	}, s)
}

// label is what every picture says below the time: that it is a copy, of what, and, smaller, how the source
// is recognised.
func (t *text) label(s Session) {
	source := "seal SHA-256 " + s.Seal
	if s.Opening != "" {
		source = "opening SHA-256 " + s.Opening
	}
	z := sizesFor(t.width, t.height)
	t.add(0, forever, styleLabel, fmt.Sprintf("{\\fs%d}COPY 复制件  %s  %s\\N{\\fs%d}%s", z.room, plain(s.ID), plain(s.Room), z.label, plain(source)))
}

const forever = 100 * time.Hour

// clock draws the time of each picture of a segment, second by second. It never runs back.
func (t *text) clock(s *Segment) {
	type cue struct {
		at     time.Duration
		second int64
		words  string
	}
	var cues []cue
	for i := range s.Fragments {
		f := &s.Fragments[i]
		at, end := ticks(f.From), ticks(f.To)
		if i == 0 {
			at = 0 // pictures that are shown before the first fragment's place are of its beginning
		}
		zone := time.FixedZone("", int(f.UTCOffset))
		for at < end {
			wall := f.Start.Wall.Add(time.Duration(float64(at-ticks(f.From)) * rate(f)))
			second := floorSeconds(wall)
			if n := len(cues); n == 0 || second > cues[n-1].second || cues[n-1].words == "" && second == cues[n-1].second {
				words := clock.Wall(second * int64(time.Second)).In(zone).Format("2006-01-02 15:04:05 -07:00")
				cues = append(cues, cue{at, second, words})
			}
			left := clock.Instant{Wall: clock.Wall((second + 1) * int64(time.Second))}.Since(f.Start)
			at = max(ticks(f.From)+time.Duration(float64(left)/rate(f)), at+time.Millisecond)
		}
		// Where nothing is recorded for a while no time stands still.
		if n := len(cues); n > 0 && i+1 < len(s.Fragments) && ticks(s.Fragments[i+1].From)-end >= stall {
			cues = append(cues, cue{end, cues[n-1].second, ""})
		}
	}
	for i, c := range cues {
		to := forever
		if i+1 < len(cues) {
			to = cues[i+1].at
		}
		if c.words != "" {
			t.add(c.at, to, styleClock, c.words)
		}
	}
}

// readings draws what the room's sensor said during a segment.
func (t *text) readings(s *Segment, all []Reading) {
	for i, r := range all {
		to := s.to()
		if i+1 < len(all) {
			to = min(to, all[i+1].At)
		}
		from := max(s.from(), r.At)
		if r.Text == "" || from >= to {
			continue
		}
		end := s.axisAt(to)
		if to == s.to() {
			end = forever
		}
		t.add(s.axisAt(from), end, styleRoom, plain(r.Text))
	}
}

func floorSeconds(w clock.Wall) int64 {
	s := int64(w) / int64(time.Second)
	if int64(w)%int64(time.Second) < 0 {
		s--
	}
	return s
}

// card draws what stands in the place of an interruption: the day, then from when to when and why, in one
// language and in the other. A line that is long is drawn smaller, so that it fits into the picture.
func (t *text) card(c *card, from, to time.Duration) {
	in := func(w clock.Wall, offset time.Duration) time.Time {
		return w.In(time.FixedZone("", int(offset/time.Second)))
	}
	from0, to0 := in(c.from, c.offset-c.turned), in(c.to, c.offset)
	begun, over := from0.Format(time.TimeOnly), to0.Format(time.TimeOnly)
	if from0.Format(time.DateOnly) != to0.Format(time.DateOnly) {
		over = to0.Format(time.DateTime)
	}
	if c.turned != 0 {
		begun, over = begun+from0.Format(" -07:00"), over+to0.Format(" -07:00")
	}
	lines := []string{from0.Format(time.DateOnly)}
	en, zh := "Interrupted %s to %s", "中断 %s 至 %s"
	if c.outside {
		en, zh = "No picture of this camera %s to %s", "本摄像机无画面 %s 至 %s"
	}
	for _, one := range []struct{ said, cause string }{
		{fmt.Sprintf(en, begun, over), c.cause.En},
		{fmt.Sprintf(zh, begun, over), c.cause.Zh},
	} {
		lines = append(lines, one.said)
		if one.cause != "" {
			lines = append(lines, plain(one.cause))
		}
	}
	for i, line := range lines {
		size := min(cardSize(t.height), int(0.95*float64(t.width)/ems(line)))
		lines[i] = fmt.Sprintf("{\\fs%d}%s", max(size, 7), line)
	}
	t.add(from, to, styleCard, strings.Join(lines, "\\N"))
}

// cardSize is how high a card's letters are where its lines are short.
func cardSize(height int) int { return max(height/14, 14) }

// ems is how long a line is at most, in its letters' height, in the card's font. libass takes a font's whole
// line for its height, so that a letter is narrower than the size says.
func ems(line string) float64 {
	var n float64
	for _, r := range line {
		switch {
		case r >= 0x2e80: // ideographs, kana, full-width signs
			n += 0.75
		case unicode.IsUpper(r):
			n += 0.6
		default:
			n += 0.45
		}
	}
	return n
}
