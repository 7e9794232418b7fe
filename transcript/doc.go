// Package transcript owns what can be said about a written transcript: what stands in it, and whether
// it agrees with the recording of the session that it was written in.
//
// [Read] turns the bytes of a document (.docx, .txt, .pdf with text, .html, .json) into lines and
// into what they say: start, end, people, place, interruptions, the statements that the law asks for.
// [Compare] sets that against the [Facts] of a session and returns a [Result] with a verdict and
// findings. [Across] looks at several sessions together. [WriteDocx] writes a transcript in the
// standard form, whose times are the session's own.
//
// It promises:
//
//   - Doubt is a result, never a guess. Two different start times, a blank, a missing minute or a
//     30 February make the document unreadable, with the lines named.
//   - Reading never panics, and never needs more than 64 MiB for a document of up to 16 MiB; see
//     [Limits].
//   - Nothing here changes a recording, its times, or the document.
//
// Times in a document are civil times; they become instants only in the zone of the session. The
// package reads no clock and opens no file but in [CheckTimes]. The design page is
// docs/design/transcript.md.
package transcript
