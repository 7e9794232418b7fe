//go:build race

package transcript

// raceEnabled says that the race detector multiplies the memory of everything.
const raceEnabled = true
