package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/rtsp/rtsptest"
)

// examples returns the commands of a page, in their order.
func examples(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	var out []string
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		out = append(out, m[1])
	}
	require.Greater(t, len(out), 8)
	return strings.Join(out, "")
}

// TestTheExamplesOfTheAPI: the commands of docs/operator/api.md, in one shell, against the program with people
// who sign in. Both languages have the same ones.
func TestTheExamplesOfTheAPI(t *testing.T) {
	t.Parallel()
	commands := examples(t, "../docs/operator/api.md")
	require.Equal(t, commands, examples(t, "../docs/operator/api.zh-CN.md"))
	cameras := serve(t, map[string]*rtsptest.Stream{"front": camera()})
	dir := t.TempDir()
	disk, state := filepath.Join(dir, "disk"), filepath.Join(dir, "state")
	require.NoError(t, os.Mkdir(disk, 0o700))
	code, out, complaints := run(t, []string{"volume", "init", disk})
	require.Zero(t, code, out+complaints)
	config := filepath.Join(dir, "roomrec.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
listen: 127.0.0.1:0
state_dir: %s
clock: {source: local, limit: 1m}
volumes: [{path: %s}]
session: {closing: 10s}
rooms: [{id: room3, cameras: [{id: front, url: "%s"}]}]
`, state, disk, cameras.URL("front")), 0o600))
	s := open(t, []string{"serve", "--config", config})
	require.Equal(t, http.StatusUnauthorized, s.status("/api/v1/rooms"), "without a token nobody is in")

	// The command reads the configuration where it is looked for when nothing is said.
	cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-c", `roomrec() { command roomrec "$@" --config "$CONFIG"; }`+"\n"+commands)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + built + ":" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "TZ=UTC", "ROOMREC=" + s.base, "CONFIG=" + config, "LC_ALL=C.UTF-8"}
	answer, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", answer)
	require.Contains(t, string(answer), `"intact"`)
	require.NotContains(t, string(answer), "roomrec-token-", "an example shows its token")

	secret := regexp.MustCompile(`roomrec-token-[A-Z0-9]+`)
	require.False(t, secret.MatchString(s.p.err.String()))
	code, out, complaints = run(t, []string{"token", "list", "--state-dir", state})
	require.Zero(t, code, complaints)
	require.Contains(t, out, "Case system")
	require.False(t, secret.MatchString(out))
	s.p.signal(syscall.SIGTERM)
	require.Zero(t, s.p.code(patience))
	// The journal says which program it was.
	journals, err := filepath.Glob(filepath.Join(disk, "*/*/*/*/journal-0001.jsonl"))
	require.NoError(t, err)
	require.Len(t, journals, 1)
	b, err := os.ReadFile(journals[0])
	require.NoError(t, err)
	require.Contains(t, string(b), "officer:token-"+strings.Fields(out)[0])
}
