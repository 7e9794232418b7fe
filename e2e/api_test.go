package e2e

import (
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

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
// who sign in, over TLS with the certificate that it made itself. Both languages have the same ones.
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
listen: 0.0.0.0:0
state_dir: %s
clock: {source: local, limit: 1m}
volumes: [{path: %s}]
session: {closing: 10s}
rooms: [{id: room3, cameras: [{id: front, url: "%s"}]}]
`, state, disk, cameras.URL("front")), 0o600))
	p := start(t, []string{"serve", "--config", config})
	var port, fingerprint string
	p.until("address and fingerprint", patience, func(out string) bool {
		a := regexp.MustCompile(`(?m)^https://\S+:(\d+)/$`).FindStringSubmatch(out)
		b := regexp.MustCompile(`(?m)^certificate made here, SHA-256 ([0-9a-f]{64})$`).FindStringSubmatch(out)
		if a == nil || b == nil {
			return false
		}
		port, fingerprint = a[1], b[1]
		return true
	})
	s := visitor(t, p, "https://127.0.0.1:"+port, fingerprint)
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		return err == nil && c.Close() == nil
	}, patience, 20*time.Millisecond)
	require.Equal(t, http.StatusUnauthorized, s.status("/api/v1/rooms"), "without a token nobody is in")

	// The command reads the configuration where it is looked for when nothing is said.
	cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-c", `roomrec() { command roomrec "$@" --config "$CONFIG"; }`+"\n"+commands)
	cmd.Dir = t.TempDir()
	// As the page says: curl is given the certificate that the controller made, and believes no other.
	made, err := os.ReadFile(filepath.Join(state, "tls.pem"))
	require.NoError(t, err)
	authority := filepath.Join(dir, "roomrec.crt")
	for block, rest := pem.Decode(made); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			require.NoError(t, os.WriteFile(authority, pem.EncodeToMemory(block), 0o600))
		}
	}
	refused, err := exec.CommandContext(t.Context(), "curl", "-sS", s.base+"/api/v1/me").CombinedOutput()
	require.Error(t, err, "a certificate that nobody gave was believed")
	require.Contains(t, string(refused), "certificate")
	require.NoError(t, os.WriteFile(filepath.Join(cmd.Dir, ".curlrc"), fmt.Appendf(nil, "cacert = %q\n", authority), 0o600))
	cmd.Env = []string{"PATH=" + built + ":" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "TZ=UTC", "ROOMREC=" + s.base, "CONFIG=" + config, "LC_ALL=C.UTF-8"}
	answer, err := cmd.CombinedOutput() // over TLS, by curl's own judgement
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
