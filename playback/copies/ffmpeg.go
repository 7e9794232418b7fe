package copies

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// ErrNoFFmpeg says that the host lacks the programs that make copies.
var ErrNoFFmpeg = errors.New("ffmpeg is not installed: copies with the time in the picture need it; install the Debian packages ffmpeg, fonts-dejavu-core and fonts-noto-cjk")

// Settings of the coding. docs/decisions has what they were chosen from.
const (
	Preset = "veryfast"
	Factor = "23" // constant rate factor
)

// frames are the pictures per second of cards; all others keep their own times.
const cardRate = "25"

// niceness is the priority of ffmpeg: the lowest, because recording goes first. Tests do not wait so long.
var niceness = "19"

// tool is the host's ffmpeg, at the lowest priority: recording goes first.
type tool struct{ command []string }

func newTool() (tool, error) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return tool{}, ErrNoFFmpeg
	}
	t := tool{[]string{ffmpeg}}
	if nice, err := exec.LookPath("nice"); err == nil {
		t.command = []string{nice, "-n", niceness, ffmpeg}
	}
	return t, nil
}

// form returns how much wider than high a segment's pixels are: recorders of analogue cameras have such. It is 1 where
// nothing is said of it.
func (t tool) form(ctx context.Context, s *Segment) float64 {
	probe, err := exec.LookPath("ffprobe") // comes with ffmpeg
	if err != nil {
		return 1
	}
	out, err := exec.CommandContext(ctx, probe, "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=sample_aspect_ratio", "-of", "csv=p=0", s.whole()).Output()
	if err != nil {
		return 1
	}
	var x, y float64
	if _, err := fmt.Sscanf(string(out), "%g:%g", &x, &y); err != nil || x <= 0 || y <= 0 || x > 4*y || y > 4*x {
		return 1
	}
	return x / y
}

// run runs ffmpeg until it ends; progress, which may be nil, is told how far its output is.
func (t tool) run(ctx context.Context, dir string, progress func(time.Duration), args ...string) error {
	all := append(append([]string{}, t.command[1:]...), "-nostdin", "-hide_banner", "-v", "error", "-y", "-progress", "pipe:1", "-stats_period", "0.5")
	cmd := exec.CommandContext(ctx, t.command[0], append(all, args...)...)
	cmd.Dir = dir
	var complaint bytes.Buffer
	cmd.Stderr = &limited{to: &complaint, left: 2000}
	cmd.WaitDelay = 2 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("ffmpeg: %w", err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if us, ok := strings.CutPrefix(lines.Text(), "out_time_us="); ok && progress != nil {
			if n, err := strconv.ParseInt(us, 10, 64); err == nil {
				progress(time.Duration(n) * time.Microsecond)
			}
		}
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	return nil
}

// limited keeps the beginning of what is written.
type limited struct {
	to   *bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	l.to.Write(p[:n])
	return len(p), nil
}

// coding are the arguments that all parts share, so that they can be put together without coding again.
func coding() []string {
	return []string{
		"-c:v", "libx264", "-preset", Preset, "-crf", Factor, "-pix_fmt", "yuv420p", "-x264-params", "repeat-headers=1:bframes=0",
		"-fps_mode", "passthrough", "-enc_time_base:v", "1:90000", "-video_track_timescale", "90000",
		"-c:a", "aac", "-ar", "48000", "-ac", "2", "-b:a", "128k", "-sn", "-dn", "-map_metadata", "-1",
	}
}

// whole is the address under which ffmpeg reads a segment up to its last whole fragment.
func (s *Segment) whole() string { return fmt.Sprintf("subfile,,start,0,end,%d,,:%s", s.Whole, s.Path) }

// sound puts a sound on the part's time axis, from the given sample on: amix takes its inputs from their first sample
// on, whatever their instants are. What is missing in between is filled with silence, what comes before is cut off, and
// a clock that runs apart is followed inaudibly, by a hundredth at most (flags=res: a resampler that is begun only when
// it is first needed would fill all that came before once more). Silence before it does not come from the resampler,
// which would hold it in memory all at once. first_pts counts samples of what comes in, whose rate is therefore made first.
const sound = "aresample=48000,aresample=async=1:min_hard_comp=0.05:max_soft_comp=0.01:first_pts=%[1]d:flags=res,adelay=delays=%[1]dS:all=1,aformat=sample_fmts=fltp:channel_layouts=stereo"

// soundFrom is the sound of a segment that begins at an instant of the part's axis or later.
func soundFrom(at time.Duration) string {
	const before = 100 * time.Millisecond // by which a decoder may begin earlier than its first unit
	return fmt.Sprintf(sound, max(0, int64((at-before).Seconds()*48000)))
}

// square fits a picture into width and height, whatever the form of its own pixels.
func square(width, height int) string {
	return fmt.Sprintf(`scale=w=2*round(min(%[1]d\,%[2]d*dar)/2):h=2*round(min(%[2]d\,%[1]d/dar)/2),setsar=1`, width, height)
}

// args are ffmpeg's arguments for a part with pictures of the given size, below which there is the band; words is the file with its text.
func (p *part) args(width, height int, words, out string) []string {
	if p.card != nil {
		height += bandFor(width, height)
		length := strconv.FormatFloat(cardLength.Seconds(), 'f', 3, 64)
		return append(append([]string{
			"-f", "lavfi", "-t", length, "-i", fmt.Sprintf("color=c=black:s=%dx%d:r=%s", width, height, cardRate),
			"-f", "lavfi", "-t", length, "-i", "anullsrc=r=48000:cl=stereo", "-vf", "ass=" + words,
		}, coding()...), out)
	}
	args := []string{"-copyts", "-i", p.main.whole()}
	graph := fmt.Sprintf("[0:v:0]setpts=PTS,%[4]s,pad=%[1]d:%[3]d:-1:(%[2]d-ih)/2[main]", width, height, height+bandFor(width, height), square(width, height))
	last := "main"
	if len(p.holes) > 0 {
		graph += fmt.Sprintf(";color=c=black:s=%dx%d:r=%s:d=%s,setsar=1,select='%s'[black];[main][black]interleave[whole]",
			width, height+bandFor(width, height), cardRate, seconds(p.main.length()), p.inHoles())
		last = "whole"
	}
	var sounds []string
	if p.main.track(false) != nil {
		graph += ";[0:a:0]" + soundFrom(p.main.heard(0)) + "[sound0]"
		sounds = append(sounds, "[sound0]")
	}
	w, h := width*3/10&^1, height*3/10&^1
	margin := max(height/40, 4)
	for i, in := range p.insets {
		if in.seek > 0 {
			args = append(args, "-ss", seconds(in.seek))
		}
		args = append(args, "-i", in.segment.whole())
		n := i + 1
		graph += fmt.Sprintf(";[%d:v:0]setpts=PTS*%.9f+%s/TB,%s[inset%d];[%s][inset%d]overlay=%d:%d:eof_action=pass:repeatlast=0[with%d]",
			n, in.rate, seconds(in.shift), square(w, h), n, last, n, margin, height-h-margin, n)
		last = fmt.Sprintf("with%d", n)
		if in.segment.track(false) != nil {
			graph += fmt.Sprintf(";[%d:a:0]asetpts=PTS*%.9f+%s/TB,%s[sound%d]", n, in.rate, seconds(in.shift), soundFrom(in.onMain(in.segment.heard(in.seek))), n)
			sounds = append(sounds, fmt.Sprintf("[sound%d]", n))
		}
	}
	// Silence of the part's own length below all sounds: every part has the same tracks, and none is
	// longer than its pictures.
	graph += fmt.Sprintf(";[%s]ass=%s[picture];anullsrc=r=48000:cl=stereo,atrim=duration=%s[silence];[silence]%samix=inputs=%d:duration=first:normalize=0:dropout_transition=0[mixed]",
		last, words, seconds(p.main.length()), strings.Join(sounds, ""), len(sounds)+1)
	args = append(args, "-filter_complex", graph, "-map", "[picture]", "-map", "[mixed]")
	return append(append(args, coding()...), out)
}

// inHoles is ffmpeg's condition for an instant in which the part has no picture of its own.
func (p *part) inHoles() string {
	var in []string
	for _, h := range p.holes {
		in = append(in, fmt.Sprintf("gte(t,%s)*lt(t,%s)", seconds(h.from), seconds(h.to)))
	}
	return strings.Join(in, "+")
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }
