// Package faultdisk is a disk for tests that fails on command: a FUSE file system that passes
// everything on to a folder, but for what it was told to do to writes, syncs and reads. It also keeps
// a log of all that was not flushed, so that it can say what a power cut would have left.
//
// It promises that every write and every sync is seen here (no call is handed to the kernel to do by
// itself), that a fault takes effect from the moment [FS.Fail] returns, and that [FS.Cut] keeps what
// was flushed and only that for certain. It never syncs the folder below: only the cuts that it makes
// are to be survived, not those of the machine.
//
// Two kinds of disks are made of it. A program may write to the mount itself: then a folder's new name
// is lost at a cut unless that folder was synced, which no real file system does so strictly. Or the
// mount holds one file that is the image of a loop device ([Mkfs], [Loop]): then faults come from below
// a real file system, and a cut is one of the whole disk.
//
// A program with a file on a disk that hangs cannot be ended before the disk answers, not even by
// SIGKILL. So tests start the file system as a process of its own ([Start]); when that ends, the
// kernel answers all that waits with an error.
//
// Needed: Linux, root (mounting, loop devices) and /dev/fuse. Design page: docs/design/faults.md.
package faultdisk
