package main

import (
	"encoding/json"
	"fmt"

	"roomrec/catalog/people"
	"roomrec/clock"
	"roomrec/config"
	"roomrec/panel"
)

// panelCmd manages machines that are the panel of a room.
type panelCmd struct {
	Enrol panelEnrolCmd `cmd:"" aliases:"enroll" help:"Make a link that makes the machine on which it is opened the panel of a room, once, within a day."`
	List  panelListCmd  `cmd:"" help:"List the machines that are panels."`
	Shut  panelShutCmd  `cmd:"" help:"End what a machine may do as a panel, at once."`
}

type panelEnrolCmd struct {
	peopleOf
	Room string `arg:"" help:"The room's id."`
	Name string `help:"What journals and lists call the machine." required:"" placeholder:"NAME"`
	JSON bool   `help:"Answer in JSON." name:"json"`
}

// Run makes a link.
func (c *panelEnrolCmd) Run(e *env) error {
	if !config.ID.MatchString(c.Room) {
		return fmt.Errorf("room %q: want the id of a room, as in room3", c.Room)
	}
	if !panel.TokenName(c.Name) {
		return fmt.Errorf("name %q: want one line of at most 64 characters", c.Name)
	}
	p, code, path, until := panel.PanelOffer(clock.NewSystem().Now().Wall, c.Room, c.Name)
	return c.with(e, func(s *people.Store) error {
		if err := s.OfferPanel(e.ctx, console, p, code, until); err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(e.stdout).Encode(map[string]string{"id": p.ID, "path": path})
		}
		_, err := fmt.Fprintf(e.stdout, "open this on the machine, behind the controller's address, once and within a day:\n%s\n", path)
		return err
	})
}

type panelListCmd struct{ peopleOf }

// Run lists panels.
func (c *panelListCmd) Run(e *env) error {
	return c.with(e, func(s *people.Store) error {
		all, err := s.Panels(e.ctx)
		if err != nil {
			return err
		}
		for _, p := range all {
			shut := ""
			if p.Shut {
				shut = "  (shut)"
			}
			if _, err := fmt.Fprintf(e.stdout, "%-10s %-14s %s%s\n", p.ID, p.Room, p.Name, shut); err != nil {
				return err
			}
		}
		return nil
	})
}

type panelShutCmd struct {
	peopleOf
	ID string `arg:"" help:"The panel's id, as roomrec panel list shows it."`
}

// Run shuts a panel.
func (c *panelShutCmd) Run(e *env) error {
	return c.with(e, func(s *people.Store) error { return s.ShutPanel(e.ctx, console, c.ID) })
}
