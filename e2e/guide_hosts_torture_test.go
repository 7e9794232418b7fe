//go:build torture

package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// otherBlocks are the blocks of the guide that are for other hosts than the controller: they name no language.
func otherBlocks(page string) (all []string) {
	open := false
	for part := range strings.SplitSeq(string(must(os.ReadFile("../docs/operator/"+page))), "\n```") {
		if open = !open; open {
			continue // what stands before a block
		}
		if text, ok := strings.CutPrefix(part, "\n"); ok {
			all = append(all, text+"\n")
		}
	}
	return all
}

// TestTortureTheGuideOnOtherHosts types the blocks of the operator's guide that are not for the controller, each
// where the guide wants it: packages are fetched on a clean Debian with a network and installed on another that has
// none, and Chromium believes the program's certificate after what the guide says of it and not before, comes back
// when it ends, and shows the controller alone under the policy that the package brings.
//
// Not typed, because no screen and no second machine is here: the session that signs in by itself and what starts the
// loop in it, `xset`, and USB storage that is closed. ffmpeg is not fetched: it takes minutes, and nothing else.
func TestTortureTheGuideOnOtherHosts(t *testing.T) {
	blocks := otherBlocks("guide.md")
	require.Equal(t, blocks, otherBlocks("guide.zh-CN.md"), "both languages have the same commands")
	require.Len(t, blocks, 4, "a block that this test does not type")
	fetch, install, screen, believe := blocks[0], blocks[1], blocks[2], blocks[3]
	replaced := func(block, example, ours string) string {
		t.Helper()
		require.Contains(t, block, example, "the guide has it no more")
		return strings.ReplaceAll(block, example, ours)
	}

	connected, site := debian(t), debian(t)
	if _, err := os.Stat(cleanRoot); err != nil {
		t.Log("not typed here: no mirror of Debian can be reached, from which the guide has packages fetched")
		return
	}
	cmd := exec.CommandContext(t.Context(), "../deploy/deb/build.sh", built, "v1.0.0", filepath.Join(connected, "root/roomrec.deb"))
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	typed := func(root, commands string, before ...string) string {
		t.Helper()
		line := append(before, inside(root, "root:root", "bash", "-ec", commands)...)
		cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
		cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s\n%s", commands, out)
		return string(out)
	}
	const without = "install -y --no-install-recommends" // ffmpeg, which the package recommends
	done := took(t, "packages fetched")
	typed(connected, "cd /root\n"+replaced(replaced(fetch, "./roomrec.deb ffmpeg chrony", "./roomrec.deb chrony"), "install --download-only", without+" --download-only"))
	done()
	tool(t, "cp", "-r", filepath.Join(connected, "root/medium"), filepath.Join(site, "root/medium"))
	done = took(t, "packages installed")
	out := typed(site, "cd /root/medium\n"+replaced(install, "apt install", "apt "+without), "unshare", "--net")
	done()
	require.Contains(t, out, "roomrec.deb: OK")
	require.Contains(t, out, "roomrec setup", "it says how to go on")
	require.Equal(t, "installed installed ", typed(site, "dpkg-query -W -f '${db:Status-Status} ' roomrec chrony"))
	require.Contains(t, typed(site, "roomrec version"), "roomrec ")

	// A controller that is reached over TLS, and a web site of someone else.
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk")
	require.NoError(t, os.Mkdir(disk, 0o700))
	code, text, complaints := run(t, []string{"volume", "init", disk})
	require.Zero(t, code, text+complaints)
	settings := fmt.Sprintf("listen: 0.0.0.0:0\nstate_dir: %s/state\nclock: {source: local, limit: 1m}\nvolumes: [{path: %s}]\nrooms: [{id: room3, cameras: [{id: front, url: \"rtsp://127.0.0.1:1/none\"}]}]\n", dir, disk)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(settings), 0o600))
	p := start(t, []string{"serve", "--config", filepath.Join(dir, "c.yaml")})
	port, fingerprint := "", ""
	p.until("address and fingerprint", 2*patience, func(out string) bool {
		a := regexp.MustCompile(`(?m)^https://\S+:(\d+)/$`).FindStringSubmatch(out)
		b := regexp.MustCompile(`(?m)^certificate made here, SHA-256 ([0-9a-f]{64})$`).FindStringSubmatch(out)
		if a == nil || b == nil {
			return false
		}
		port, fingerprint = a[1], b[1]
		return true
	})
	ours := "https://127.0.0.1:" + port
	s := visitor(t, p, ours, fingerprint)
	s.eventually("the pages", "/livez", func(text string) bool { return text == "ok\n" })
	var visits atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		visits.Add(1)
		_, _ = io.WriteString(w, "elsewhere") // who asked may be gone
	}))
	t.Cleanup(elsewhere.Close)

	// The certificate that is carried over, by the command within the text.
	export := regexp.MustCompile("`(openssl x509 -in [^`]+)`").FindStringSubmatch(string(must(os.ReadFile("../docs/operator/guide.md"))))
	require.NotNil(t, export)
	cmd = exec.CommandContext(t.Context(), "bash", "-ec", replaced(export[1], "/var/lib/roomrec/", dir+"/state/"))
	cmd.Dir = dir
	said, err = cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	certificate := must(os.ReadFile(filepath.Join(dir, "roomrec.pem")))
	require.NotContains(t, string(certificate), "PRIVATE")

	// The browser has no screen here and is run by root: headless and no-sandbox are not the guide's.
	home, bin := filepath.Join(dir, "home"), filepath.Join(dir, "bin")
	require.NoError(t, errors.Join(os.Mkdir(home, 0o700), os.Mkdir(bin, 0o700)))
	browser := func(also string) {
		t.Helper()
		script := "#!/bin/sh\nexec /usr/bin/chromium --headless=new --no-sandbox --disable-gpu " + also + " \"$@\"\n"
		require.NoError(t, os.WriteFile(filepath.Join(bin, "chromium"), []byte(script), 0o755)) //nolint:gosec // it is run
	}
	// shown runs commands until done says so of what they print, and ends them with all that they started.
	shown := func(what string, done func(out string) bool, args ...string) {
		t.Helper()
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = []string{"HOME=" + home, "PATH=" + bin + ":" + os.Getenv("PATH")}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		var printed output
		cmd.Stdout, cmd.Stderr = &printed, io.Discard
		require.NoError(t, cmd.Start())
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait() // it is killed
			close(ended)
		}()
		defer func() {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // all that it started is of its group
			<-ended
		}()
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for end := time.Now().Add(2 * time.Minute); !done(printed.String()); <-tick.C {
			require.False(t, time.Now().After(end), "waited in vain for %s: %s", what, printed.String())
		}
	}
	screen = replaced(screen, "https://192.0.2.10:8443/", ours+"/")
	const title = "<title>Sign in"
	browser("--dump-dom") // it prints the page and ends
	once := regexp.MustCompile(`(?m)^ +(chromium --kiosk .*)$`).FindStringSubmatch(screen)
	require.NotNil(t, once)
	done = took(t, "the browser, before and after")
	shown("a browser that refuses", func(out string) bool {
		require.NotContains(t, out, title, "a certificate that nobody put there is not believed")
		return strings.Contains(out, "ended")
	}, "bash", "-c", once[1]+"; echo ended")

	typed(connected, "apt-get install -q -y libnss3-tools")
	require.NoError(t, os.WriteFile(filepath.Join(connected, "root/roomrec.pem"), certificate, 0o600))
	typed(connected, "cd /root\n"+believe)
	require.NoError(t, os.RemoveAll(filepath.Join(home, ".pki")))
	tool(t, "cp", "-r", filepath.Join(connected, "root/.pki"), home)
	shown("a page that is shown, and again after the browser has ended", func(out string) bool { return strings.Count(out, title) >= 2 }, "bash", "-c", screen)
	done()

	// The policy, in a /etc of its own. Under it nothing can be asked of the browser: what it fetches tells.
	browser("")
	policy := replaced(string(must(os.ReadFile(filepath.Join(site, "usr/share/roomrec/kiosk/roomrec.json")))), "https://192.0.2.10:8443", ours)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "policy.json"), []byte(policy), 0o600))
	under := []string{"unshare", "--mount", "bash", "-c", `mount -t tmpfs tmpfs /etc/chromium && mkdir -p /etc/chromium/policies/managed && cp "$0" /etc/chromium/policies/managed/ && exec bash -c "$@"`}
	lone := []string{"unshare", "--mount", "bash", "-c", `mount -t tmpfs tmpfs /etc/chromium && exec bash -c "$@"`, "none"}
	other := strings.ReplaceAll(screen, ours+"/", elsewhere.URL+"/")
	done = took(t, "the browser, under the policy")
	shown("somebody else's page, without the policy", func(string) bool { return visits.Load() > 0 }, append(lone, other)...)
	before := visits.Load()
	under = append(under, filepath.Join(dir, "policy.json"))
	fetched := func() int {
		m := regexp.MustCompile(`(?m)^roomrec_panel_requests_total\{method="GET",status="3xx"\} (\d+)$`).FindStringSubmatch(s.text("/metrics"))
		require.NotNil(t, m)
		n := 0
		_, err := fmt.Sscan(m[1], &n)
		require.NoError(t, err)
		return n // who is not signed in is sent to where that is done
	}
	had := fetched()
	shown("the controller's page, under the policy", func(string) bool { return fetched() > had }, append(under, screen)...)
	enough := time.Now().Add(8 * time.Second) // without the policy it was there by then
	shown("nothing", func(string) bool { return time.Now().After(enough) }, append(under, other)...)
	require.Equal(t, before, visits.Load(), "under the policy no other page is asked for")
	done()
}
