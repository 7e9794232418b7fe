package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Z33: a standing approval of copies is whose it is, or there is none.
func TestZ33_StandingApprovalIsNamed(t *testing.T) {
	c, err := Parse("f", []byte(minimal))
	require.NoError(t, err)
	require.Nil(t, c.StandingCopies, "without a line nobody has approved anything")
	c, err = Parse("f", []byte("standing_copies: {rank: head of the county organ, name: Li, document: 2026-17}\n"+minimal))
	require.NoError(t, err)
	require.Equal(t, "head of the county organ, Li, 2026-17", c.StandingCopies.String())
	require.False(t, c.StandingCopies.Beside)
	for text, want := range map[string]string{
		"{rank: head, name: Li}":                             "document",
		"{rank: head, document: 1-2}":                        "name",
		"{name: Li, document: 1-2}":                          "rank",
		"{rank: \" \", name: Li, document: 1-2}":             "rank",
		"{rank: \"a\\nb\", name: Li, document: 1-2}":         "cannot be shown",
		"{rank: head, name: Li, document: 1-2, always: yes}": "always",
	} {
		_, err := Parse("f", []byte("standing_copies: "+text+"\n"+minimal))
		require.ErrorContains(t, err, want, text)
	}
}

func TestSensorAndManagement(t *testing.T) {
	with := func(sensor, onvif string) string {
		s := strings.Replace(minimal, "    cameras:", "    sensor: "+sensor+"\n    cameras:", 1)
		if onvif != "" {
			s += "        onvif: '" + onvif + "'\n"
		}
		return s
	}
	c, err := Parse("f", []byte(with("{file: /run/room3.json}", "camera3:8080")))
	require.NoError(t, err)
	require.Equal(t, Sensor{File: "/run/room3.json", Temperature: "temperature", Humidity: "humidity"}, *c.Rooms[0].Sensor)
	require.Equal(t, "camera3:8080", c.Rooms[0].Cameras[0].ONVIF)
	for text, want := range map[string]string{
		"{}":                                     "either file or url",
		"{file: /a, url: \"http://x/\"}":         "either file or url",
		"{file: a.json}":                         "whole path",
		"{url: \"ftp://192.0.2.1/\"}":            "http:// or https://",
		"{url: \"http://me:secret@192.0.2.1/\"}": "without user and password",
		"{file: /a, temperature: \"a b\"}":       "not a place in JSON",
		"{file: /a, humidity: \"..\"}":           "not a place in JSON",
	} {
		_, err := Parse("f", []byte(with(text, "")))
		require.ErrorContains(t, err, want, text)
		require.NotContains(t, err.Error(), "secret")
	}
	_, err = Parse("f", []byte(with("{file: /a}", "http://camera/")))
	require.ErrorContains(t, err, "is not a host")
}
