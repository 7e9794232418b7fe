// Package rtsp turns a camera's RTSP stream into access units and gaps.
//
// A [Camera] connects, publishes [media.Item] values to a [media.Feed], and connects again whenever
// the stream ends, until its context does. It promises:
//
//   - A unit is stamped once, at the arrival of its first packet, with wall and monotonic time
//     together.
//   - Nothing is lost silently. Packets that are missing, and pictures that cannot be put together
//     because of them, become a [media.Gap] before the next unit. A unit is either whole, as the
//     camera sent it, or it is not published and counted in a gap: half a picture is never passed
//     on. Whole pictures that may refer to a missing one are published and marked Damaged until the
//     next key picture.
//   - Units' ticks go on through wraps and jumps of the camera's own ticks.
//   - It never waits for its consumers; a slow one loses units to a gap in its own tap.
//   - Only monotonic time decides that a camera is silent: a step of the host's clock disconnects
//     nothing.
//   - Passwords reach no log, error, metric or description.
//
// The wire formats (RTSP messages, SDP, transport headers, authentication) are gortsplib's; the
// dialogue, the order of packets and the making of units are ours, because each of these needs what
// gortsplib's client does not give: see docs/decisions/0001-gortsplib.md. No type of gortsplib leaves this
// package.
package rtsp
