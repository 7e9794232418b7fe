// Package playback turns what was recorded, and what cameras give now, into what a browser plays:
// HLS playlists over the segments as they lie on disk, fragments converted where a browser has no
// decoder for their sound, and live fragments of one picture each. Originals are only ever read;
// nothing made here is evidence.
//
// Browsers play through Media Source Extensions. They take H.264 with AAC, Opus or FLAC in fragmented
// MP4. G.711 and LPCM stop them, so that sound is repacked as FLAC without prediction: lossless, and
// cheap enough to do for every request. H.265 has no decoder in a stock Chromium and is served as it
// is. The design page is docs/design/playback.md.
package playback
