package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os/exec"
	"path"
	"time"

	"roomrec/clock"
	"roomrec/panel"
	"roomrec/session"
)

const (
	// loudStep is the length of one measurement.
	loudStep = time.Second
	// loudTime is for how long a request measures; what is not measured then is asked for again.
	loudTime = 15 * time.Second
	// loudRate is the rate to which sound is brought for it, in samples a second.
	loudRate = 8000
	// loudFloor is what counts as silence, in decibels below full scale.
	loudFloor = 60
	// loudKept is how many segments' measurements are kept in memory.
	loudKept = 4096
)

// loudness measures recordings with ffmpeg, one segment after the other, and remembers what it measured of
// segments that grow no more.
type loudness struct {
	files recordings
	turn  chan struct{} // capacity 1: one measures at a time, so that recording never waits for it
	known map[loudKey][]float64
}

type loudKey struct {
	name string
	size int64
}

func newLoudness(files recordings) *loudness {
	return &loudness{files: files, turn: make(chan struct{}, 1), known: make(map[loudKey][]float64)}
}

var noMeasure = &session.Text{En: "not measured: this controller has no ffmpeg", Zh: "未测量：本机未安装 ffmpeg"}

// Loudness returns what is measured so far.
func (l *loudness) Loudness(ctx context.Context, id string) (panel.LoudnessView, error) {
	volume, at, err := l.files.find(id)
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
	ctx, stop := context.WithTimeout(ctx, loudTime)
	defer stop()
	f := folder{id: id, path: at, files: volume}
	all, err := f.segments()
	if err != nil {
		return panel.LoudnessView{}, err
	}
	v := panel.LoudnessView{Whole: true, Step: int(loudStep.Milliseconds())}
	type part struct {
		from   clock.Wall
		levels []float64
	}
	var parts []part
	for _, of := range sortedCameras(all) {
		for _, name := range all[of] {
			name = path.Join(at, name)
			x, err := l.files.index(volume, name)
			if err != nil || len(x.Entries) == 0 {
				continue // nothing whole of it yet, or damaged: the verifier says
			}
			levels, err := l.segment(ctx, ffmpeg, volume, name)
			if ctx.Err() != nil {
				v.Whole = false
				break
			}
			if err != nil || len(levels) == 0 {
				continue // it has no sound that can be decoded
			}
			parts = append(parts, part{x.Entries[0].Start.Wall, levels})
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

// segment measures one file, or returns what is known of it. The caller has the turn.
func (l *loudness) segment(ctx context.Context, ffmpeg string, files fs.FS, name string) (levels []float64, err error) {
	f, err := openSegment(files, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	key := loudKey{name, f.size}
	if known, ok := l.known[key]; ok {
		return known, nil
	}
	// The file comes over a pipe: nothing that stands in a name reaches another program.
	cmd := exec.CommandContext(ctx, ffmpeg, "-hide_banner", "-loglevel", "error", "-i", "pipe:0", "-vn", "-map", "0:a:0", "-ac", "1", "-ar", fmt.Sprint(loudRate), "-f", "s16le", "pipe:1")
	cmd.Stdin = io.NewSectionReader(f, 0, f.size)
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	levels, err = loudOf(out)
	if err = errors.Join(err, cmd.Wait()); err != nil && len(levels) == 0 {
		levels = nil // no sound in it, or none that can be decoded
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if len(l.known) >= loudKept {
		clear(l.known)
	}
	l.known[key] = levels
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
