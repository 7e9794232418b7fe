package config

import (
	"fmt"
	"io"
	"os"
	"reflect"
)

// Load reads the settings in the file path and checks them against one another and against the
// host: folders of volumes, password files and certificates must be there. What is wrong in the file
// is returned as an [*Error]; any other error means that the file could not be read.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err != nil {
		return nil, fmt.Errorf("read the settings in %s: %w", path, err)
	}
	return read(path, text, true)
}

// Parse reads settings from memory. name stands for the file in errors, which are all [*Error].
// Unlike [Load] it does not look for the files and folders that are named.
func Parse(name string, text []byte) (*Config, error) { return read(name, text, false) }

func read(name string, text []byte, host bool) (*Config, error) {
	r := &reader{
		file:   name,
		src:    newSource(text),
		places: make(map[string]place),
		wrong:  make(map[string]bool),
	}
	c := Default()
	switch {
	case len(text) > maxSize:
		r.problem("", "the file is too large", fmt.Sprintf("at most %d bytes", maxSize), "")
	default:
		if body := r.parse(text); body != nil {
			r.value("", body, reflect.ValueOf(c).Elem(), "")
		}
	}
	if !r.wrong[""] {
		r.check(c)
		if host {
			r.checkHost(c)
		}
	}
	if len(r.err.Problems) > 0 {
		r.err.sort()
		return nil, &r.err
	}
	return c, nil
}
