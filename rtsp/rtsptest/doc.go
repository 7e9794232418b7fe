// Package rtsptest is a scripted RTSP camera: it serves tracks at their own pace over real RTSP and
// misbehaves on command (loss, duplicates, reordering, tick jumps, silence, …). The tests, the demo
// and the load generator use it; it needs no test to run.
package rtsptest
