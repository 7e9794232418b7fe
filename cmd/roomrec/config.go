package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/volume"
)

// defaultConfig is where packages put the configuration.
const defaultConfig = "/etc/roomrec/roomrec.yaml"

type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Say whether a configuration is good."`
	Print configPrintCmd `cmd:"" help:"Print the configuration in force, every default included, no secret."`
}

type configFile struct {
	Config string `help:"The configuration file." short:"c" default:"/etc/roomrec/roomrec.yaml" placeholder:"FILE"`
}

func (f configFile) load() (*config.Config, error) {
	cfg, err := config.Load(f.Config)
	if errors.Is(err, os.ErrNotExist) && f.Config == defaultConfig {
		return nil, fmt.Errorf("%w\nName a file with --config, or try `roomrec demo`, which needs none", err)
	}
	return cfg, err
}

type configCheckCmd struct {
	configFile
	JSON bool `help:"Answer in JSON." name:"json"`
}

func (c *configCheckCmd) Run(e *env) error {
	cfg, err := c.load()
	var bad *config.Error
	if c.JSON && (err == nil || errors.As(err, &bad)) {
		problems := []config.Problem{}
		if bad != nil {
			problems = bad.Problems
		}
		if err := json.NewEncoder(e.stdout).Encode(map[string]any{"file": c.Config, "good": err == nil, "problems": problems}); err != nil {
			return err
		}
		if bad != nil {
			return &exitError{code: exitUsage}
		}
		return nil
	}
	if err != nil {
		return err
	}
	cameras := 0
	for _, r := range cfg.Rooms {
		cameras += len(r.Cameras)
	}
	_, err = fmt.Fprintf(e.stdout, "%s is good: %d rooms, %d cameras, %d volumes\n", c.Config, len(cfg.Rooms), cameras, len(cfg.Volumes))
	return err
}

type configPrintCmd struct{ configFile }

func (c *configPrintCmd) Run(e *env) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return cfg.Print(e.stdout)
}

type volumeCmd struct {
	Init volumeInitCmd `cmd:"" help:"Mark a folder, so that evidence may be written there."`
	Add  volumeAddCmd  `cmd:"" help:"Let a running controller use another folder, for the sessions that run as well."`
}

type volumeInitCmd struct {
	Dir  string `arg:"" help:"An existing folder, as a rule the mount point of a disk."`
	JSON bool   `help:"Answer in JSON." name:"json"`
}

func (c *volumeInitCmd) Run(e *env) error {
	id, err := volume.Init(c.Dir, clock.NewSystem())
	if err != nil {
		return err
	}
	if err := giveVolume(c.Dir, volume.MarkerName); err != nil {
		return failed(err)
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]string{"id": id, "path": c.Dir})
	}
	_, err = fmt.Fprintf(e.stdout, "%s is volume %s\n", c.Dir, id)
	return err
}
