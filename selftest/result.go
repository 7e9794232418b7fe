package selftest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"roomrec/clock"
	"roomrec/evidence/seal"
)

// Version is the first line of a result's note, and names its format.
const Version = "roomrec-selftest/1"

// Why says what a test was made for.
type Why string

// The occasions.
const (
	Daily   Why = "daily"   // by the clock, a minute
	Opening Why = "opening" // a session is being opened, five seconds
	Asked   Why = "asked"   // by a person
)

// Result is what a self-test of one room found. It is kept signed; the recording that it speaks of is
// not kept.
type Result struct {
	Room    string        `json:"room"`
	Why     Why           `json:"why"`
	Began   clock.Wall    `json:"began"`
	Length  time.Duration `json:"length_ns"` // that was to be recorded
	Ended   clock.Wall    `json:"ended"`
	Passed  bool          `json:"passed"`
	Program string        `json:"program"` // version of the program that tested
	// Key is the verifier key of whoever signed; empty in a result that nobody signed.
	Key     string         `json:"key"`
	Cameras []CameraResult `json:"cameras"`
	Volumes []VolumeResult `json:"volumes"`
	// Problems are those of the whole room, beside those of its cameras and volumes.
	Problems []string `json:"problems"`
}

// CameraResult is what was found of one camera.
type CameraResult struct {
	Camera   string `json:"camera"`
	Codec    string `json:"codec"`    // of the pictures
	Recorded int    `json:"recorded"` // pictures in the file
	Decoded  int    `json:"decoded"`  // pictures that a decoder made of them
	// Brightness is the mean of all pictures, 0 black and 255 white; Contrast the mean of each picture's
	// standard deviation. Both 0 where nothing was decoded.
	Brightness float64 `json:"brightness"`
	Contrast   float64 `json:"contrast"`
	Sound      string  `json:"sound"` // codec; empty without sound
	// Level and Peak of the sound in dB below full scale, -120 for digital silence; nil without sound.
	Level    *float64 `json:"level_dbfs"`
	Peak     *float64 `json:"peak_dbfs"`
	Gaps     int      `json:"gaps"`
	Problems []string `json:"problems"`
}

// VolumeResult is what was found of one volume.
type VolumeResult struct {
	Volume   string        `json:"volume"`
	Files    int           `json:"files"`
	Bytes    int64         `json:"bytes"`     // written, synced, read back and found the same
	LastSync time.Duration `json:"last_ns"`   // how long the last group took to reach the disk
	Worst    time.Duration `json:"worst_ns"`  // and the slowest
	Files256 []FileHash    `json:"files_256"` // what the files were
	Problems []string      `json:"problems"`
}

// FileHash names a file of the test recording by what it held.
type FileHash struct {
	Path   string    `json:"path"`
	Bytes  int64     `json:"bytes"`
	SHA256 seal.Hash `json:"sha256"`
}

// judge fills in Passed.
func (r *Result) judge() {
	n := len(r.Problems)
	for _, c := range r.Cameras {
		n += len(c.Problems)
	}
	for _, v := range r.Volumes {
		n += len(v.Problems)
	}
	r.Passed = n == 0 && len(r.Cameras) > 0 && len(r.Volumes) > 0
}

// Summary is one line for a log or a technician: the first problem and how many more there are.
func (r *Result) Summary() string {
	var all []string
	all = append(all, r.Problems...)
	for _, c := range r.Cameras {
		for _, p := range c.Problems {
			all = append(all, "camera "+c.Camera+": "+p)
		}
	}
	for _, v := range r.Volumes {
		for _, p := range v.Problems {
			all = append(all, "volume "+v.Volume+": "+p)
		}
	}
	switch {
	case len(all) == 0 && r.Passed:
		return fmt.Sprintf("%d cameras and %d volumes are in order", len(r.Cameras), len(r.Volumes))
	case len(all) == 0:
		return "nothing was tested"
	case len(all) == 1:
		return all[0]
	}
	return fmt.Sprintf("%s; and %d more", all[0], len(all)-1)
}

// Sign returns the note that states r, signed by key.
func Sign(r Result, key seal.Key) ([]byte, error) {
	r.Key = key.Verifier()
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return nil, err
	}
	return seal.SignText(Version+"\n"+string(b)+"\n", key)
}

// Parse returns the result that a note states, if the signature is right by the key that it names
// itself; whether that is a known one is for the caller to ask.
func Parse(b []byte) (Result, error) {
	var r Result
	text, err := seal.TextOf(b)
	if err != nil {
		return r, err
	}
	body, ok := bytes.CutPrefix([]byte(text), []byte(Version+"\n"))
	if !ok {
		return r, fmt.Errorf("%w: the first line is not %q", seal.ErrVersion, Version)
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return r, fmt.Errorf("%w: %w", seal.ErrFormat, err)
	}
	v, err := seal.ParseVerifier(r.Key)
	if err != nil {
		return r, fmt.Errorf("%w: %w", seal.ErrFormat, err)
	}
	return r, seal.CheckText(b, v)
}
