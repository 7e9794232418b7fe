// Command roomrec is the controller of interrogation rooms: it pulls RTSP from fixed cameras, keeps
// one continuous recording per session with the time on it, and locks the session when a camera or
// the storage fails.
//
// This package is wiring alone: which stage feeds which, in what order things start and stop, and
// which error of one stage is which fault for another. `roomrec --help` lists the commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"roomrec/config"
)

// The exit codes of every command; see docs/design/architecture.md.
const (
	exitGood   = 0 // done; the answer is yes
	exitNo     = 1 // the answer is no
	exitUsage  = 2 // bad usage or unreadable input
	exitFailed = 3 // locked or failed while running
)

// exitError carries an exit code other than 2 up to main. A command that already said everything
// leaves err nil.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func failed(err error) error { return &exitError{exitFailed, err} }

// cli is the command line. Every command that answers takes --json.
type cli struct {
	Serve      serveCmd      `cmd:"" help:"Run the service."`
	Demo       demoCmd       `cmd:"" help:"Run the service with two simulated cameras, no configuration needed."`
	Record     recordCmd     `cmd:"" help:"Make one technical recording without the panel."`
	Verify     verifyCmd     `cmd:"" help:"Say whether sealed sessions are whole and unaltered."`
	Copy       copyCmd       `cmd:"" help:"Make a viewing copy of a sealed session, with the time in its pictures."`
	Export     exportCmd     `cmd:"" help:"Hand over a sealed session: originals, keys and checkers in a package that is verified alone, if wanted encrypted."`
	Probe      probeCmd      `cmd:"" help:"Say what a camera really delivers."`
	Discover   discoverCmd   `cmd:"" help:"Find cameras on the local network."`
	Camera     cameraCmd     `cmd:"" help:"Look at a camera's own settings, or set its clock."`
	Transcript transcriptCmd `cmd:"" help:"Work with transcripts."`
	Backup     backupCmd     `cmd:"" help:"Back up settings and state, verify a backup, or restore it."`
	Setup      setupCmd      `cmd:"" help:"Find and probe cameras, propose rooms, write a commented configuration, and say what to change in each camera."`
	Doctor     doctorCmd     `cmd:"" help:"Look at everything that a controller needs of its host, and say what to mend."`
	Idle       idleCmd       `cmd:"" help:"Say whether the service could be restarted now without touching a session."`
	Config     configCmd     `cmd:"" help:"Check or print the configuration."`
	Volume     volumeCmd     `cmd:"" help:"Prepare folders for evidence."`
	Clock      clockCmd      `cmd:"" help:"Say how far this host's clock can be trusted, and why."`
	Log        logCmd        `cmd:"" help:"Check the station's log of its sessions, or witness it."`
	SelfTest   selfTestCmd   `cmd:"" name:"self-test" help:"Let the controller that runs test a room, and say what it found."`
	User       userCmd       `cmd:"" help:"Manage who can sign in, from the console."`
	Panel      panelCmd      `cmd:"" help:"Manage machines that are the panel of a room, from the console."`
	Token      tokenCmd      `cmd:"" help:"Manage what other programs sign in with, from the console."`
	Reindex    reindexCmd    `cmd:"" help:"Rebuild the index from the session folders."`
	Package    packageCmd    `cmd:"" hidden:"" help:"Write what a package carries beside the program."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// env is what commands get of the world, so that tests can stand in for it.
type env struct {
	ctx    context.Context // ends at the first SIGINT or SIGTERM
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	getenv func(string) string
}

// gcPercent is how much dead memory may gather beside what lives before it is collected, in percent.
// What lives is a second or two of every camera, what dies is as much each second: half the usual share
// keeps 32 cameras of 4 Mbit/s under 150 MiB and costs little beside the system calls (make bench).
const gcPercent = 50

// The kernel gives a signal to a process's first thread if that one takes it, and counts a thread that waits
// for a hung disk as one that does: SIGTERM would stay with it until the disk answers. So the first thread
// waits for nothing but the end, and never meets a disk.
func init() { runtime.LockOSThread() }

func main() {
	if os.Getenv("GOGC") == "" { // whoever sets it knows better
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := notify()
	code := make(chan int)
	go func() {
		code <- run(&env{ctx: ctx, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}, os.Args[1:])
	}()
	c := <-code
	stop()
	os.Exit(c)
}

// notify returns a context that ends at the first SIGINT or SIGTERM. The second one exits at once:
// whoever presses Ctrl-C twice means it, and what is acknowledged is safe already.
func notify() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2) // two are told apart; more say nothing new
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitFailed)
	}()
	return ctx, cancel
}

// stateHome is where a person's own runs keep their key when nothing else is said.
func stateHome(e *env) string {
	if dir := e.getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "roomrec")
	}
	return filepath.Join(e.getenv("HOME"), ".local", "state", "roomrec")
}

// description is what the program is for, in a line.
const description = "Records interrogation rooms from beginning to end, and proves it."

func run(e *env, args []string) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("roomrec"),
		kong.Description(description),
		kong.Writers(e.stdout, e.stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Bind(e),
		kong.Vars{"state": stateHome(e), "zone": config.Default().Zone},
	)
	if err != nil {
		fmt.Fprintln(e.stderr, "roomrec:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help printed what was asked
		return exited
	}
	if err != nil {
		fmt.Fprintf(e.stderr, "roomrec: %v\nTry `roomrec --help`.\n", err)
		return exitUsage
	}
	err = parsed.Run(e)
	if err == nil {
		return exitGood
	}
	code := exitUsage
	var ee *exitError
	if errors.As(err, &ee) {
		code = ee.code
		err = ee.err
	}
	if err != nil {
		fmt.Fprintln(e.stderr, "roomrec:", err)
	}
	return code
}
