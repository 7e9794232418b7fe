package faultdisk

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// childEnv tells a test binary that it is to be a disk.
const childEnv = "ROOMREC_FAULTDISK"

type childConfig struct{ Backing, At, Socket string }

// Main makes this process a disk if [Start] started it as one, and then reports true when that has
// ended. A test binary that calls Start calls it first thing in TestMain.
func Main() bool {
	env := os.Getenv(childEnv)
	if env == "" {
		return false
	}
	if err := serve(env); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

// serve mounts, answers orders, and ends with its standard input, which ends with the parent.
func serve(env string) error {
	var c childConfig
	if err := json.Unmarshal([]byte(env), &c); err != nil {
		return err
	}
	f, err := Mount(c.Backing, c.At)
	if err != nil {
		return err
	}
	orders := rpc.NewServer()
	if err := orders.RegisterName("Disk", &control{f}); err != nil {
		return err
	}
	l, err := net.Listen("unix", c.Socket)
	if err != nil {
		return err
	}
	go orders.Accept(l)
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	f.Release()
	// Whoever still has a file open gets errors as soon as this process is gone.
	return errors.Join(err, syscall.Unmount(c.At, syscall.MNT_DETACH))
}

// control is what a disk in a process of its own can be told.
type control struct{ fs *FS }

// None is the argument or answer of an order that has none.
type None struct{}

// Fail is [FS.Fail].
func (c *control) Fail(f Fault, _ *None) error { c.fs.Fail(f); return nil }

// ReadOnly is [FS.ReadOnly].
func (c *control) ReadOnly(None, *None) error { c.fs.ReadOnly(); return nil }

// Release is [FS.Release].
func (c *control) Release(None, *None) error { c.fs.Release(); return nil }

// IgnoreSyncs is [FS.IgnoreSyncs].
func (c *control) IgnoreSyncs(None, *None) error { c.fs.IgnoreSyncs(); return nil }

// Cut is [FS.Cut].
func (c *control) Cut(o Cut, _ *None) error { return c.fs.Cut(o) }

// Stats is [FS.Stats].
func (c *control) Stats(_ None, s *Stats) error { *s = c.fs.Stats(); return nil }

// Disk is a disk in a process of its own, as a test has it. A failed order fails the test.
type Disk struct {
	Backing string // the folder below: what is really there
	Dir     string // the mount
	t       testing.TB
	client  *rpc.Client
}

// Start starts a disk in a process of its own, over an empty folder. It ends with the test, after what
// hangs was released.
func Start(t testing.TB) *Disk {
	t.Helper()
	Require(t)
	tmp := t.TempDir()
	d := &Disk{Backing: filepath.Join(tmp, "below"), Dir: filepath.Join(tmp, "disk"), t: t}
	c := childConfig{Backing: d.Backing, At: d.Dir, Socket: filepath.Join(tmp, "control")}
	d.check(errors.Join(os.Mkdir(d.Backing, 0o755), os.Mkdir(d.Dir, 0o755)))
	env, err := json.Marshal(c)
	d.check(err)
	self, err := os.Executable()
	d.check(err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+string(env))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	d.check(err)
	stdout, err := cmd.StdoutPipe()
	d.check(err)
	d.check(cmd.Start())
	t.Cleanup(func() {
		if d.client != nil {
			d.Release()
			d.check(d.client.Close())
		}
		d.check(stdin.Close())
		d.check(cmd.Wait())
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		t.Fatalf("faultdisk: the disk's process did not begin (%q, %v)", line, err)
	}
	d.client, err = rpc.Dial("unix", c.Socket)
	d.check(err)
	return d
}

func (d *Disk) check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("faultdisk: %v", err)
	}
}

func (d *Disk) call(order string, arg, answer any) {
	d.t.Helper()
	done := d.client.Go("Disk."+order, arg, answer, make(chan *rpc.Call, 1)).Done
	select {
	case c := <-done:
		d.check(c.Error)
	case <-time.After(time.Minute):
		d.t.Fatalf("faultdisk: %s: no answer", order)
	}
}

// Fail is [FS.Fail].
func (d *Disk) Fail(f Fault) { d.t.Helper(); d.call("Fail", f, &None{}) }

// ReadOnly is [FS.ReadOnly].
func (d *Disk) ReadOnly() { d.t.Helper(); d.call("ReadOnly", None{}, &None{}) }

// Release is [FS.Release].
func (d *Disk) Release() { d.t.Helper(); d.call("Release", None{}, &None{}) }

// IgnoreSyncs is [FS.IgnoreSyncs].
func (d *Disk) IgnoreSyncs() { d.t.Helper(); d.call("IgnoreSyncs", None{}, &None{}) }

// Cut is [FS.Cut].
func (d *Disk) Cut(c Cut) { d.t.Helper(); d.call("Cut", c, &None{}) }

// Stats is [FS.Stats].
func (d *Disk) Stats() Stats {
	d.t.Helper()
	var s Stats
	d.call("Stats", None{}, &s)
	return s
}
