package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"roomrec/clock"
	"roomrec/panel"
	"roomrec/session"
)

const (
	// loudStep is the length of one measurement.
	loudStep = time.Second
	// loudTime is for how long a request measures before it answers with what there is, and chunkTime how long
	// one chunk may take. A request always measures at least one chunk, so that it ends some day.
	loudTime  = 8 * time.Second
	chunkTime = 15 * time.Second
	// chunkLength is how many fragments are measured at once: about five minutes.
	chunkLength = 300
	// loudRate is the rate to which sound is brought for it, in samples a second.
	loudRate = 8000
	// loudFloor is what counts as silence, in decibels below full scale.
	loudFloor = 60
	// loudKept is of how many sessions measurements are held in memory.
	loudKept = 64
)

// loudness measures recordings with ffmpeg, one chunk after the other, and keeps what it measured of those that
// grow no more beside the catalogue: in state_dir, never in the session's folder.
type loudness struct {
	files recordings
	dir   string        // of what is kept; empty: nothing is
	turn  chan struct{} // capacity 1: one measures at a time, so that recording never waits for it
	known map[string]map[loudKey][]float64
	log   zerolog.Logger
}

// loudKey names a chunk: a file inside the session's folder, and which of its bytes.
type loudKey struct {
	Name     string `json:"name"`
	From, To int64
}

// loudLine is a line of what is kept of a session.
type loudLine struct {
	loudKey
	Levels []float64 `json:"levels"`
}

func newLoudness(files recordings, stateDir string, log zerolog.Logger) *loudness {
	l := &loudness{files: files, turn: make(chan struct{}, 1), known: make(map[string]map[loudKey][]float64), log: log}
	if stateDir != "" {
		l.dir = filepath.Join(stateDir, "loudness")
	}
	return l
}

// of returns what is known of a session; what was kept and is no line any more is measured again.
func (l *loudness) of(id string) map[loudKey][]float64 {
	if known, ok := l.known[id]; ok {
		return known
	}
	if len(l.known) >= loudKept {
		clear(l.known)
	}
	known := make(map[loudKey][]float64)
	l.known[id] = known
	if l.dir == "" {
		return known
	}
	raw, err := os.ReadFile(filepath.Join(l.dir, id+".jsonl"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.log.Warn().Err(err).Msg("read what was measured of loudness; it is measured again")
	}
	for line := range bytes.Lines(raw) {
		var k loudLine
		if json.Unmarshal(line, &k) == nil && k.Name != "" {
			known[k.loudKey] = k.Levels
		}
	}
	return known
}

// keep appends what was measured. A torn end, as a power cut leaves one, costs the line that it tore alone.
func (l *loudness) keep(id string, k loudLine) (err error) {
	if l.dir == "" {
		return nil
	}
	line, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(l.dir, id+".jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(slices.Concat([]byte("\n"), line, []byte("\n")))
	return errors.Join(err, f.Close())
}

var noMeasure = &session.Text{En: "not measured: this controller has no ffmpeg", Zh: "未测量：本机未安装 ffmpeg"}

// Loudness returns what is measured so far.
func (l *loudness) Loudness(ctx context.Context, id string) (panel.LoudnessView, error) {
	t, err := l.files.find(id)
	if err != nil {
		return panel.LoudnessView{}, err
	}
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return panel.LoudnessView{Why: noMeasure, Whole: true, Step: int(loudStep.Milliseconds())}, nil
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return panel.LoudnessView{}, ctx.Err()
	}
	enough, stop := context.WithTimeout(ctx, loudTime)
	defer stop()
	f := folder{id: id, path: t.at, files: t}
	all, err := f.segments()
	if err != nil && len(all) == 0 {
		return panel.LoudnessView{}, err
	}
	v := panel.LoudnessView{Whole: true, Step: int(loudStep.Milliseconds())}
	type part struct {
		from   clock.Wall
		levels []float64
	}
	var parts []part
	known, measured := l.of(id), 0
	for _, of := range sortedCameras(all) {
		for _, name := range all[of] {
			x, err := l.files.index(t, t.at, name)
			if err != nil || len(x.Entries) == 0 {
				continue // nothing whole of it yet, or damaged: the verifier says
			}
			for chunk := range slices.Chunk(x.Entries, chunkLength) {
				k := loudKey{name, chunk[0].From, chunk[len(chunk)-1].To}
				levels, ok := known[k]
				if !ok && measured > 0 && enough.Err() != nil {
					v.Whole = false
					continue
				}
				if !ok {
					levels, err = l.chunk(ctx, ffmpeg, t, path.Join(t.at, name), x.Entries[0].From, k)
					if ctx.Err() != nil {
						return panel.LoudnessView{}, ctx.Err()
					}
					if err != nil {
						l.log.Warn().Err(err).Str("session", id).Str("file", name).Msg("loudness cannot be measured")
					}
					measured++
					known[k] = levels
					if err == nil && (t.noted >= 0 || len(chunk) == chunkLength) { // what is sealed grows no more
						if err := l.keep(id, loudLine{k, levels}); err != nil {
							l.log.Warn().Err(err).Msg("keep what was measured of loudness")
						}
					}
				}
				if len(levels) > 0 {
					parts = append(parts, part{chunk[0].Start.Wall, levels})
				}
			}
		}
	}
	for _, p := range parts {
		if v.From == 0 || p.from < v.From {
			v.From = p.from
		}
	}
	for _, p := range parts {
		first := int(p.from.Time().Sub(v.From.Time()) / loudStep)
		for len(v.Levels) < first+len(p.levels) {
			v.Levels = append(v.Levels, 0)
		}
		for i, level := range p.levels {
			v.Levels[first+i] = max(v.Levels[first+i], level)
		}
	}
	return v, nil
}

// chunk measures a part of one file, whose fragments begin after the first head bytes. None is what has no sound
// that can be decoded; the error says that it took too long or could not be read. The caller has the turn.
func (l *loudness) chunk(ctx context.Context, ffmpeg string, files fs.FS, name string, head int64, k loudKey) (levels []float64, err error) {
	f, err := openSegment(files, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	ctx, stop := context.WithTimeout(ctx, chunkTime)
	defer stop()
	// The file comes over a pipe: nothing that stands in a name reaches another program. Sound that begins late or is
	// missing in between is filled with silence, or what follows would be shown too early.
	cmd := exec.CommandContext(ctx, ffmpeg, "-hide_banner", "-loglevel", "error", "-i", "pipe:0", "-vn", "-map", "0:a:0", "-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", fmt.Sprint(loudRate), "-f", "s16le", "pipe:1")
	cmd.Stdin = io.MultiReader(io.NewSectionReader(f, 0, head), io.NewSectionReader(f, k.From, k.To-k.From))
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	levels, err = loudOf(out)
	if err = errors.Join(err, cmd.Wait()); ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", name, ctx.Err())
	}
	if err != nil && len(levels) == 0 {
		return nil, nil // no sound in it, or none that can be decoded
	}
	return levels, nil
}

// loudOf returns how loud each step of 16-bit sound is, from 0 to 1.
func loudOf(r io.Reader) ([]float64, error) {
	var out []float64
	step := make([]byte, 2*loudRate*int(loudStep/time.Second))
	for {
		n, err := io.ReadFull(r, step)
		if n >= 2 {
			sum := 0.0
			for i := 0; i+1 < n; i += 2 {
				s := float64(int16(binary.LittleEndian.Uint16(step[i:]))) / 32768
				sum += s * s
			}
			db := 10 * math.Log10(sum/float64(n/2)+1e-12)
			out = append(out, math.Round(100*min(1, max(0, 1+db/loudFloor)))/100)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
	}
}
