package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"roomrec/session"
)

func TestSensorReads(t *testing.T) {
	answer, status := `{"data": [{"temp": "23.44", "hum": 45}]}`, http.StatusOK
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(served.Close)
	var told []session.Reading
	s := sensor{
		sensorSetup: sensorSetup{url: served.URL, temperature: "data.0.temp", humidity: "data.0.hum"}, room: "room3", log: zerolog.Nop(),
		tell: func(room string, r session.Reading) { told = append(told, r) },
	}
	look := func() string {
		s.look(context.Background())
		return told[len(told)-1].Text()
	}
	require.Equal(t, "23.4 °C  45 % RH", look())
	answer = `{"data": [{"temp": -3}]}`
	require.Equal(t, "-3.0 °C", look(), "a sensor may lack one of the two")
	for _, bad := range []string{``, `{`, `{"data": []}`, `{"data": [{"temp": "NaN"}]}`, `{"data": [{"temp": 74.1, "hum": 101}]}`, `{"data": [{"temp": 273}]}`, strings.Repeat(" ", maxReading+1)} {
		answer = bad
		require.Empty(t, look(), "%.40s", bad)
	}
	answer, status = `{"data": [{"temp": 20}]}`, http.StatusFound
	require.Empty(t, look())
	require.True(t, s.silent)

	s.sensorSetup = sensorSetup{file: filepath.Join(t.TempDir(), "readings.json"), temperature: "temperature", humidity: "humidity"}
	require.Empty(t, look())
	require.NoError(t, os.WriteFile(s.file, []byte(`{"temperature": 21.04, "humidity": 38.6}`), 0o600))
	require.Equal(t, "21.0 °C  39 % RH", look())
	require.False(t, s.silent)
}

func FuzzReading(f *testing.F) {
	f.Add([]byte(`{"temperature": 21, "humidity": "40"}`), "temperature")
	f.Add([]byte(`[[1],{"a":{"b":-1e400}}]`), "1.a.b")
	f.Fuzz(func(t *testing.T, b []byte, path string) {
		r, err := parseReading(b, path, "humidity")
		if err == nil {
			require.NotEmpty(t, r.Text())
			require.False(t, r.Temperature != nil && (*r.Temperature < coldest || *r.Temperature > hottest))
		}
	})
}
