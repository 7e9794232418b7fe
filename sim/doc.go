// Package sim holds nothing but tests: a simulation of a whole site over whole sessions, of which
// hours pass in milliseconds.
//
// Real are the recorder, the volumes' writers, the session's layer, the detectors, the sealing and the
// verifier. Simulated is what is around them: cameras that stop, lose and change, disks that fail,
// hang, fill up, return and lose what was not synced, a clock that steps and drifts, a controller that is
// killed, cut off from power and restarted, and people who press buttons, the wrong ones too. All of
// it follows from one number, the seed; only the order of goroutines that can run at the same instant
// does not.
//
// After each seed it is checked that nothing that was acknowledged is missing, that whatever else is
// missing is declared, that every instant of questioning was recorded by all required cameras or is
// declared, that the journal replays to what was shown, that Locked is left by its named ways alone,
// and that the verifier's verdict is the one that the story deserves. A seed that fails prints its
// story; go test ./sim -run Simulation -seed N plays it again.
package sim
