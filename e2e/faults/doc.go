// Package faults holds nothing but tests: the real program records from real RTSP connections while its
// cameras, its network and its disks fail for real, is killed, and loses power. After each, what it
// acknowledged must be on the disk, its exit code must say what happened, and ffprobe must read what
// is left.
//
// One pass of each fault is in the plain tests; the repetitions, at random moments, have the build tag
// torture. Faults are made as docs/design/faults.md tells. They need root, /dev/fuse, and the Debian
// packages fuse3, e2fsprogs, xfsprogs, nftables, iproute2 and ffmpeg; a test that lacks one fails and
// names it.
package faults
