package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/panel"
)

// press sends what a button of the switchboard sends, from the given address.
func press(b *switchboard, from, camera, part, to string) int {
	form := url.Values{"camera": {camera}, "part": {part}, "to": {to}}
	r := httptest.NewRequest(http.MethodPost, "/demo/switch", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w.Code
}

func TestSwitchboard(t *testing.T) {
	server, board, err := startDemoCameras(t.Context())
	require.NoError(t, err)
	defer server.Close()
	const here = "127.0.0.1:4000"
	for _, c := range demoNames {
		for _, p := range demoParts {
			for _, o := range append(p.positions[1:], p.positions[0]) {
				require.Equal(t, http.StatusSeeOther, press(board, here, c.id, p.key, o.Key), "%s %s %s", c.id, p.key, o.Key)
				for _, lang := range panel.Langs() {
					body, err := board.body(lang)
					require.NoError(t, err)
					require.Contains(t, string(body), `aria-pressed="true" data-testid="demo-`+c.id+`-`+p.key+`-`+o.Key+`"`)
					require.Equal(t, len(demoNames)*len(demoParts), strings.Count(string(body), `aria-pressed="true"`), "one position of each part is on")
				}
			}
		}
	}
	for _, wrong := range [][3]string{{"none", "cable", "out"}, {"front", "none", "out"}, {"front", "cable", "black"}, {}} {
		require.Equal(t, http.StatusBadRequest, press(board, here, wrong[0], wrong[1], wrong[2]))
	}
	require.Equal(t, http.StatusUnauthorized, press(board, "192.0.2.1:4000", "front", "cable", "out"))
	for _, p := range demoParts {
		require.Empty(t, p.positions[0].Then, "the first position is the healthy one")
		for _, o := range p.positions {
			require.NotEmpty(t, o.Name.En)
			require.NotEmpty(t, o.Name.Zh)
			require.Equal(t, o.Then.En == "", o.Then.Zh == "")
		}
	}
}
