package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"roomrec/access"
	"roomrec/catalog/people"
	"roomrec/clock"
	"roomrec/config"
	"roomrec/panel"
)

// tokenCmd manages what other programs sign in with, from the controller's console.
type tokenCmd struct {
	Add  tokenAddCmd  `cmd:"" help:"Make a token and print its secret, this once."`
	List tokenListCmd `cmd:"" help:"List tokens, without their secrets."`
	Shut tokenShutCmd `cmd:"" help:"End what a token may do, at once."`
}

type tokenAddCmd struct {
	peopleOf
	Name   string   `arg:"" help:"What journals and lists call the program."`
	Office string   `help:"The office in which it acts: officer, supervisor, reviewer, approver, administrator or auditor." required:"" placeholder:"ROLE"`
	Scope  []string `help:"What it may of what the office may, as in open,run; several by commas." required:"" placeholder:"ACTION"`
	Room   string   `help:"The only room that it reaches; otherwise all." placeholder:"ID"`
	Days   int      `help:"For how many days it is good; 0: until it is shut." default:"365"`
	JSON   bool     `help:"Answer in JSON." name:"json"`
}

// Run makes a token.
func (c *tokenAddCmd) Run(e *env) error {
	if !panel.TokenName(c.Name) {
		return fmt.Errorf("name %q: want one line of at most 64 characters", c.Name)
	}
	scopes, err := access.ParseScopes(access.Role(c.Office), c.Scope)
	if err != nil {
		return err
	}
	if c.Room != "" && !config.ID.MatchString(c.Room) {
		return fmt.Errorf("room %q: want the id of a room, as in room3", c.Room)
	}
	until, ok := panel.TokenUntil(clock.NewSystem().Now().Wall, c.Days)
	if !ok {
		return fmt.Errorf("days %d: want 1 to 3650, or 0 for a token that is good until it is shut", c.Days)
	}
	id, secret := panel.NewToken()
	t := people.Token{ID: id, Name: c.Name, Role: c.Office, Scopes: string(scopes), Room: c.Room, Until: until}
	return c.with(e, func(s *people.Store) error {
		if err := s.AddToken(e.ctx, console, t, secret); err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(e.stdout).Encode(map[string]string{"id": id, "token": secret})
		}
		_, err := fmt.Fprintln(e.stdout, secret)
		return err
	})
}

type tokenListCmd struct {
	peopleOf
	JSON bool `help:"Answer in JSON." name:"json"`
}

// Run lists tokens.
func (c *tokenListCmd) Run(e *env) error {
	return c.with(e, func(s *people.Store) error {
		all, err := s.Tokens(e.ctx)
		if err != nil {
			return err
		}
		type one struct {
			ID     string   `json:"id"`
			Name   string   `json:"name"`
			Office string   `json:"office"`
			Scopes []string `json:"scopes"`
			Room   string   `json:"room,omitempty"`
			Until  string   `json:"until,omitempty"`
			Shut   bool     `json:"shut"`
		}
		out := make([]one, len(all))
		for i, t := range all {
			out[i] = one{ID: t.ID, Name: t.Name, Office: t.Role, Scopes: access.Scopes(t.Scopes).List(), Room: t.Room, Shut: t.Shut}
			if t.Until != 0 {
				out[i].Until = t.Until.Time().UTC().Format(time.RFC3339)
			}
		}
		if c.JSON {
			return json.NewEncoder(e.stdout).Encode(out)
		}
		for _, t := range out {
			line := fmt.Sprintf("%-10s %-14s %s: %s", t.ID, t.Office, t.Name, strings.Join(t.Scopes, " "))
			if t.Room != "" {
				line += ", in " + t.Room
			}
			if t.Until != "" {
				line += ", until " + t.Until
			}
			if t.Shut {
				line += "  (shut)"
			}
			if _, err := fmt.Fprintln(e.stdout, line); err != nil {
				return err
			}
		}
		return nil
	})
}

type tokenShutCmd struct {
	peopleOf
	ID string `arg:"" help:"The token's id, as roomrec token list shows it."`
}

// Run shuts a token.
func (c *tokenShutCmd) Run(e *env) error {
	return c.with(e, func(s *people.Store) error { return s.ShutToken(e.ctx, console, c.ID) })
}
