// Package e2e holds nothing but tests. They build the programs once, run them as a user does, against
// RTSP servers that no one here wrote and against cameras that misbehave on command, and look at what
// is left: exit codes, lines of output, files. Whatever can be read by ffmpeg, ffprobe, a browser or
// the verifier is read by these and not by the code that wrote it.
//
// It owns no rule. A test here proves that the parts, each of which has its own tests, are one program;
// the long forms have the build tag torture.
package e2e
