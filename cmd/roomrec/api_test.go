package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/catalog/people"
	"roomrec/clock"
	"roomrec/panel"
)

const apiPage = "../../docs/openapi.json"

// TestTheAPIIsDocumented: docs/openapi.json is what `roomrec serve` answers with, where people sign in.
func TestTheAPIIsDocumented(t *testing.T) {
	store, err := people.Open(t.Context(), filepath.Join(t.TempDir(), "people.db"), clock.NewSystem())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	const token = "only-this-test-knows-it-and-no-one-else"
	var site *panel.Server
	idleStation(t, func(st *station, x *index) {
		site, err = st.site(x, front{entrance: entrance{signIn: &panel.SignIn{People: store, Host: token}}})
		require.NoError(t, err)
	})
	// The host's own token may not read it: it is a person's or a program's.
	made, secret := panel.NewToken()
	require.NoError(t, store.AddToken(t.Context(), "test", people.Token{ID: made, Name: "Reader", Role: "auditor", Scopes: "self see-station"}, secret))
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/api/v1/openapi.json", nil)
	r.Header.Set("Authorization", "Bearer "+secret)
	site.Handler().ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	var doc map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &doc))
	doc["info"].(map[string]any)["version"] = "1" // of the API; the program's own differs with every build
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	require.NoError(t, enc.Encode(doc))
	if *update {
		require.NoError(t, os.WriteFile(apiPage, b.Bytes(), 0o644))
	}
	have, err := os.ReadFile(apiPage)
	require.NoError(t, err)
	require.Equal(t, b.String(), string(have), "run: make pages")
}
