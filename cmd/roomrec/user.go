package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/clock"
	"roomrec/panel"
)

// userCmd manages people from the controller's console: by who may read its state, whether it runs or not.
type userCmd struct {
	Add      userAddCmd    `cmd:"" help:"Add a person."`
	List     userListCmd   `cmd:"" help:"List who can sign in."`
	Password userSecretCmd `cmd:"" help:"Give a person a new password, or with --pin a new PIN."`
	Role     userRoleCmd   `cmd:"" help:"Give a person another role."`
	Name     userNameCmd   `cmd:"" help:"Give a person another name. What was recorded keeps the name of its time."`
	Shut     userShutCmd   `cmd:"" help:"Shut a person's sign-in. Nobody is removed: journals name them."`
	Open     userOpenCmd   `cmd:"" help:"Open a sign-in again that was shut."`
}

type peopleOf struct {
	configFile
	State string `help:"The controller's state_dir, instead of the configuration's." name:"state-dir" placeholder:"DIR"`
}

// with opens the file of people, does f and closes it.
func (c peopleOf) with(e *env, f func(*people.Store) error) error {
	dir := c.State
	if dir == "" {
		cfg, err := c.load()
		if err != nil {
			return err
		}
		dir = cfg.StateDir
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	s, err := people.Open(e.ctx, filepath.Join(dir, peopleFile), clock.NewSystem())
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close(), giveState(dir))
}

// console is who did what is done by these commands, in the list of deeds.
const console = "console"

// secretOf is where a new password or PIN comes from: a file, or the first line of the standard input.
type secretOf struct {
	PasswordFile string `help:"File with the secret as its first line; otherwise it is read from the standard input." placeholder:"FILE" name:"password-file"`
}

func (c secretOf) read(e *env) (string, error) {
	from := e.stdin
	if c.PasswordFile != "" {
		f, err := os.Open(c.PasswordFile)
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }() // only read
		from = f
	}
	line, err := bufio.NewReader(io.LimitReader(from, 4<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// kept returns the hash of a new password or PIN.
func kept(secret string, pin bool) (string, error) {
	check := access.CheckPassword
	if pin {
		check = access.CheckPIN
	}
	if err := check(secret); err != nil {
		return "", err
	}
	return access.Usual.Hash(secret), nil
}

type userAddCmd struct {
	peopleOf
	secretOf
	ID   string `arg:"" help:"What the person signs in with, as a service number."`
	Name string `help:"The name that journals and pages show." required:"" placeholder:"NAME"`
	Role string `help:"officer, supervisor, reviewer, approver, administrator or auditor." required:"" placeholder:"ROLE"`
	PIN  bool   `help:"The secret is a PIN for a room's panel, not a password." name:"pin"`
}

// Run adds a person.
func (c *userAddCmd) Run(e *env) error {
	if !panel.PersonID(c.ID) {
		return fmt.Errorf("id %q: want 1 to 32 letters, digits, dots, - or _", c.ID)
	}
	if err := role(c.Role); err != nil {
		return err
	}
	secret, err := c.read(e)
	if err != nil {
		return err
	}
	hash, err := kept(secret, c.PIN)
	if err != nil {
		return err
	}
	p := people.Person{ID: c.ID, Name: c.Name, Role: c.Role}
	if c.PIN {
		p.PIN = hash
	} else {
		p.Password = hash
	}
	return c.with(e, func(s *people.Store) error { return s.Add(e.ctx, console, p) })
}

func role(r string) error {
	if !access.Role(r).Given() {
		return fmt.Errorf("role %q: want one of %v", r, access.People())
	}
	return nil
}

type userListCmd struct {
	peopleOf
	JSON bool `help:"Answer in JSON." name:"json"`
}

// Run lists people.
func (c *userListCmd) Run(e *env) error {
	return c.with(e, func(s *people.Store) error {
		all, err := s.People(e.ctx)
		if err != nil {
			return err
		}
		type one struct {
			ID       string `json:"id"`
			Name     string `json:"name"`
			Role     string `json:"role"`
			Password bool   `json:"password"`
			PIN      bool   `json:"pin"`
			Shut     bool   `json:"shut"`
		}
		out := make([]one, len(all))
		for i, p := range all {
			out[i] = one{p.ID, p.Name, p.Role, p.Password != "", p.PIN != "", p.Shut}
		}
		if c.JSON {
			return json.NewEncoder(e.stdout).Encode(out)
		}
		for _, p := range out {
			state := ""
			if p.Shut {
				state = "  (shut)"
			}
			if _, err := fmt.Fprintf(e.stdout, "%-16s %-14s %s%s\n", p.ID, p.Role, p.Name, state); err != nil {
				return err
			}
		}
		return nil
	})
}

type userSecretCmd struct {
	peopleOf
	secretOf
	ID  string `arg:"" help:"The person."`
	PIN bool   `help:"The secret is a PIN." name:"pin"`
}

// Run gives a new password or PIN. The person's sign-ins end.
func (c *userSecretCmd) Run(e *env) error {
	secret, err := c.read(e)
	if err != nil {
		return err
	}
	hash, err := kept(secret, c.PIN)
	if err != nil {
		return err
	}
	change := people.Change{Password: &hash}
	if c.PIN {
		change = people.Change{PIN: &hash}
	}
	return c.with(e, func(s *people.Store) error { return s.Change(e.ctx, console, c.ID, change) })
}

type userRoleCmd struct {
	peopleOf
	ID   string `arg:"" help:"The person."`
	Role string `arg:"" help:"officer, supervisor, reviewer, approver, administrator or auditor."`
}

// Run gives another role. The person's sign-ins end.
func (c *userRoleCmd) Run(e *env) error {
	if err := role(c.Role); err != nil {
		return err
	}
	return c.with(e, func(s *people.Store) error { return s.Change(e.ctx, console, c.ID, people.Change{Role: &c.Role}) })
}

type userNameCmd struct {
	peopleOf
	ID   string `arg:"" help:"The person."`
	Name string `arg:"" help:"The name that journals and pages show from now on."`
}

// Run gives another name. The person's sign-ins end.
func (c *userNameCmd) Run(e *env) error {
	name := strings.TrimSpace(c.Name)
	if !panel.TokenName(name) {
		return fmt.Errorf("name %q: want one line of 1 to 64 characters", c.Name)
	}
	return c.with(e, func(s *people.Store) error { return s.Change(e.ctx, console, c.ID, people.Change{Name: &name}) })
}

type userShutCmd struct {
	peopleOf
	ID string `arg:"" help:"The person."`
}

// Run shuts a sign-in.
func (c *userShutCmd) Run(e *env) error {
	shut := true
	return c.with(e, func(s *people.Store) error { return s.Change(e.ctx, console, c.ID, people.Change{Shut: &shut}) })
}

type userOpenCmd struct {
	peopleOf
	ID string `arg:"" help:"The person."`
}

// Run opens a sign-in again.
func (c *userOpenCmd) Run(e *env) error {
	shut := false
	return c.with(e, func(s *people.Store) error { return s.Change(e.ctx, console, c.ID, people.Change{Shut: &shut}) })
}
