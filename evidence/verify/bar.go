package verify

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"roomrec/clock"
)

// barWidth is the length of the bar in characters.
const barWidth = 30

// Bar returns what shows a verification's progress on a terminal, for [Options.Progress]: a bar, how much of
// how many MiB was read, how fast, and the time that is left at this speed. What cannot be written there is
// not shown; it changes no verdict.
func Bar(w io.Writer) func(done, total int64) {
	c := clock.NewSystem()
	began := c.Now().Mono
	shown := 0 // characters on the line
	return func(done, total int64) {
		line := barLine(done, total, c.Now().Mono.Sub(began))
		_, _ = fmt.Fprintf(w, "\r%-*s", shown, line)
		shown = len(line)
		if done >= total {
			_, _ = fmt.Fprintln(w)
		}
	}
}

// Terminal reports whether w is one.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && info.Mode()&os.ModeDevice != 0 && f.Name() != os.DevNull
}

// barLine is the line after done of total bytes were read in the time that took.
func barLine(done, total int64, took time.Duration) string {
	share := 1.0
	if total > 0 {
		share = float64(done) / float64(total)
	}
	full := int(share * barWidth)
	line := fmt.Sprintf("%3d%% [%s%s] %d of %d MiB", int(share*100), strings.Repeat("#", full), strings.Repeat("-", barWidth-full), done>>20, total>>20)
	if done <= 0 || took <= 0 {
		return line
	}
	line += fmt.Sprintf(", %d MiB/s", int64(float64(done)/took.Seconds())>>20)
	if done < total {
		left := time.Duration(float64(took) * float64(total-done) / float64(done)).Round(time.Second)
		line += fmt.Sprintf(", %d:%02d:%02d left", int(left.Hours()), int(left.Minutes())%60, int(left.Seconds())%60)
	}
	return line
}
