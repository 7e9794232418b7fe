package playback

import (
	"bytes"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"roomrec/clock"
)

// Source is one segment in a playlist.
type Source struct {
	// Path of the segment's file, with slashes, relative to the prefix that Playlist is given.
	Path  string
	Index *Index
}

// Playlist returns the HLS media playlist (RFC 8216) of one camera: its segments in the order given,
// with the time of day on every entry. Where a segment goes on from the one before, both play as one
// stretch; everywhere else is a break. Addresses are prefix + path, and where a browser needs other
// bytes than the file's, with the part's name after it; see [ParsePart]. ended says that nothing more
// will be added.
func Playlist(sources []Source, prefix string, ended bool) []byte {
	longest := EntryLength
	for _, s := range sources {
		for _, e := range s.Index.parts(ended) {
			longest = max(longest, e.Length)
		}
	}
	var b bytes.Buffer
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n")
	fmt.Fprintf(&b, "#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:0\n", int(math.Ceil(longest.Seconds())))
	if ended {
		b.WriteString("#EXT-X-PLAYLIST-TYPE:VOD\n")
	} else {
		b.WriteString("#EXT-X-PLAYLIST-TYPE:EVENT\n")
	}
	var before *Index
	var shift time.Duration // of the segment's decode time 0 on the axis of its stretch
	var bySound bool        // the stretch begins with sound
	var last clock.Wall     // the time of the last entry
	for _, s := range sources {
		if len(s.Index.Entries) == 0 {
			continue
		}
		address := (&url.URL{Path: prefix + s.Path}).EscapedPath()
		// The pictures go on where those before ended, wherever in its file each begins.
		next := time.Duration(-1)
		if before != nil && s.Index.continues(before) {
			next = shift + before.First + before.Length - s.Index.First
		}
		if next >= 0 {
			shift = next
		} else {
			shift, bySound = 0, s.Index.Entries[0].sound < 0
			if before != nil {
				b.WriteString("#EXT-X-DISCONTINUITY\n")
			}
			s.Index.writeMap(&b, address)
		}
		last = s.Index.writeEntries(&b, address, shift, last, bySound, ended)
		before = s.Index
	}
	if ended {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.Bytes()
}

func (x *Index) writeMap(b *bytes.Buffer, address string) {
	if x.Convert {
		fmt.Fprintf(b, "#EXT-X-MAP:URI=\"%s%s\"\n", address, Part{From: 0, To: x.HeaderSize})
	} else {
		fmt.Fprintf(b, "#EXT-X-MAP:URI=%q,BYTERANGE=\"%d@0\"\n", address, x.HeaderSize)
	}
}

// writeEntries writes the entries, none of which begins before the last one of before, and returns when theirs does.
func (x *Index) writeEntries(b *bytes.Buffer, address string, shift time.Duration, last clock.Wall, bySound, ended bool) clock.Wall {
	for _, e := range x.parts(ended) {
		last = max(last, e.begins(bySound))
		fmt.Fprintf(b, "#EXT-X-PROGRAM-DATE-TIME:%s\n", last.Time().Format("2006-01-02T15:04:05.000Z"))
		fmt.Fprintf(b, "#EXTINF:%s,\n", strconv.FormatFloat(float64(e.Length)/float64(time.Second), 'f', 6, 64))
		if x.Convert || shift != 0 {
			fmt.Fprintf(b, "%s%s\n", address, Part{From: e.From, To: e.To, Shift: shift})
		} else {
			fmt.Fprintf(b, "#EXT-X-BYTERANGE:%d@%d\n%s\n", e.To-e.From, e.From, address)
		}
	}
	return last
}

// Part is a part of a segment as a browser needs it: an entry, or the header, with its sound
// converted, and its decode times shifted.
type Part struct {
	From, To int64 // in bytes of the segment
	Shift    time.Duration
}

// String returns the part's name, which is appended to the address of its segment.
func (p Part) String() string { return fmt.Sprintf("@%d-%d-%d.m4s", p.From, p.To, p.Shift) }

// ParsePart splits the path of a part, as in "…/0001.mp4@1234-5678-0.m4s", into the path of the
// segment and the part. ok is false for any other path, which is then a file's own.
func ParsePart(path string) (segment string, part Part, ok bool) {
	at := strings.LastIndexByte(path, '@')
	if at < 0 {
		return "", Part{}, false
	}
	fields := strings.Split(strings.TrimSuffix(path[at+1:], ".m4s"), "-")
	if len(fields) != 3 {
		return "", Part{}, false
	}
	var v [3]int64
	for i, f := range fields {
		var err error
		if v[i], err = strconv.ParseInt(f, 10, 64); err != nil || v[i] < 0 {
			return "", Part{}, false
		}
	}
	part = Part{v[0], v[1], time.Duration(v[2])}
	if path != path[:at]+part.String() || part.To <= part.From || part.Shift > maxShift {
		return "", Part{}, false
	}
	return path[:at], part, true
}

// maxShift bounds a shift: no run is longer.
const maxShift = 366 * 24 * time.Hour
