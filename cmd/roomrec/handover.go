package main

import (
	"errors"
	"io/fs"
	"os"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// service is the user of the package under whom the service runs.
const service = "roomrec"

// owner is a user and group by their numbers.
type owner struct{ uid, gid int }

// serviceOwner returns the package's user. ok is false where no package is installed: whoever runs this
// program runs the service.
func serviceOwner() (o owner, ok bool) {
	u, err := osuser.Lookup(service)
	if err != nil {
		return o, false
	}
	uid, errU := strconv.Atoi(u.Uid)
	gid, errG := strconv.Atoi(u.Gid)
	return owner{uid, gid}, errors.Join(errU, errG) == nil
}

// giveVolume lets the service write to a folder that root has just marked.
func giveVolume(dir, marker string) error {
	o, ok := serviceOwner()
	if os.Geteuid() != 0 || !ok {
		return nil
	}
	return errors.Join(os.Chown(dir, o.uid, o.gid), os.Chown(filepath.Join(dir, marker), o.uid, o.gid))
}

// giveState gives what root made in a state_dir to whom the folder belongs, or, where root made the folder
// too, to the package's user: the service could not go on with files of root.
func giveState(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	to, ok := ownerOf(dir)
	if !ok {
		return nil
	}
	if to.uid == 0 {
		if to, ok = serviceOwner(); !ok {
			return nil
		}
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if o, ok := ownerOf(path); ok && o.uid == 0 {
			return os.Lchown(path, to.uid, to.gid)
		}
		return nil
	})
}

func ownerOf(path string) (owner, bool) {
	info, err := os.Lstat(path)
	if err != nil {
		return owner{}, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return owner{}, false
	}
	return owner{int(st.Uid), int(st.Gid)}, true
}
