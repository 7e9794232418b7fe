package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// packed makes the Debian package of the programs under test.
func packed(t *testing.T, name string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), name)
	cmd := exec.CommandContext(t.Context(), "../deploy/deb/build.sh", built, "v1.2.3-4-gabc", out)
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1790000000")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	return out
}

// TestPackage: the same programs give the same package, byte for byte; what is in it runs, and its unit
// is one that systemd accepts and calls well protected.
func TestPackage(t *testing.T) {
	t.Parallel()
	one, two := packed(t, "one.deb"), packed(t, "two.deb")
	require.Equal(t, sha256.Sum256(must(os.ReadFile(one))), sha256.Sum256(must(os.ReadFile(two))), "reproducible")
	require.Equal(t, "1.2.3.4.gabc", strings.TrimSpace(string(tool(t, "dpkg-deb", "--field", one, "Version"))))
	for line := range strings.Lines(string(tool(t, "dpkg-deb", "--contents", one))) {
		require.Contains(t, line, " root/root ")
		require.NotRegexp(t, `^.......[^r]..`, strings.ReplaceAll(line, "drwxr-x---", "drwxr-xr-x"), "all may read what is installed: %s", line)
	}

	root := t.TempDir()
	tool(t, "dpkg-deb", "--extract", one, root)
	require.Contains(t, string(tool(t, filepath.Join(root, "usr/bin/roomrec"), "version")), "roomrec ")
	for _, want := range []string{
		"usr/bin/roomverify", "usr/share/doc/roomrec/examples/roomrec.yaml", "usr/share/doc/roomrec/docs/operator/config.md",
		"usr/share/roomrec/prometheus/roomrec.rules.yml", "usr/share/roomrec/grafana/roomrec-site.json",
		"usr/share/roomrec/kiosk/roomrec.json",
		"usr/share/doc/roomrec/docs/operator/runbooks/RoomrecSessionLocked.zh-CN.md", "usr/share/doc/roomrec/docs/operator/guide.zh-CN.md",
		"usr/share/man/man1/roomrec.1.gz",
	} {
		_, err := os.Stat(filepath.Join(root, want))
		require.NoError(t, err)
	}

	var bom struct {
		Components []struct{ Name, Version string }
	}
	require.NoError(t, json.Unmarshal(must(os.ReadFile(filepath.Join(root, "usr/share/doc/roomrec/sbom.cdx.json"))), &bom))
	require.Greater(t, len(bom.Components), 20, "what it was built of")
	completions(t, root)
	manuals(t, root)

	unit := string(must(os.ReadFile(filepath.Join(root, "lib/systemd/system/roomrec.service"))))
	here := filepath.Join(t.TempDir(), "roomrec.service")
	require.NoError(t, os.WriteFile(here, []byte(strings.ReplaceAll(unit, "/usr/bin/roomrec", filepath.Join(root, "usr/bin/roomrec"))), 0o644))
	require.Empty(t, string(tool(t, "systemd-analyze", "verify", here)))
	verdict := string(tool(t, "systemd-analyze", "security", "--offline=true", "--threshold=25", here)) // tenths of ten
	lines := strings.Split(strings.TrimSpace(verdict), "\n")
	t.Log(lines[len(lines)-1])
}

// completions asks each shell what it offers: all three are made of the one table of commands.
func completions(t *testing.T, root string) {
	bash := string(tool(t, "bash", "-c", `source "$0"; COMP_WORDS=(roomrec backup ""); COMP_CWORD=2; _roomrec; echo "${COMPREPLY[@]}"; COMP_WORDS=(roomrec do); COMP_CWORD=1; _roomrec; echo "${COMPREPLY[@]}"`,
		filepath.Join(root, "usr/share/bash-completion/completions/roomrec")))
	require.Contains(t, bash, "create verify restore")
	require.Contains(t, bash, "doctor")

	zsh := filepath.Join(root, "usr/share/zsh/vendor-completions/_roomrec")
	tool(t, "zsh", "-n", zsh)
	offered := func(words string) string {
		// What it hands to zsh's own functions is printed instead.
		return string(tool(t, "zsh", "-f", "-c", `_describe() { print -l -- "${(P@)@[-1]}" }; _files() { print FILES }; words=(`+words+`); CURRENT=$#words; PREFIX=$words[-1]; source "$0"`, zsh))
	}
	backup := offered(`roomrec backup ""`)
	require.Contains(t, backup, "create:Copy settings")
	require.NotContains(t, backup, "doctor")
	require.Contains(t, offered(`roomrec ""`), "doctor:Look at everything")
	require.Contains(t, offered(`roomrec backup create --`), "--config:The configuration file.")
	require.Contains(t, offered(`roomrec verify ""`), "FILES")

	fish := filepath.Join(root, "usr/share/fish/vendor_completions.d/roomrec.fish")
	tool(t, "fish", "--no-execute", fish)
	of := func(line string) string {
		return string(tool(t, "env", "HOME="+t.TempDir(), "fish", "--no-config", "-c", `source $argv[1]; complete -C $argv[2]`, fish, line))
	}
	backup = of("roomrec backup ")
	require.Contains(t, backup, "restore\tPut a backup")
	require.NotContains(t, backup, "doctor")
	require.Contains(t, of("roomrec do"), "doctor\tLook at everything")
	require.Contains(t, of("roomrec probe --transport "), "multicast")
}

// manuals has every manual page set without a warning of the typesetter, and found by its name.
func manuals(t *testing.T, root string) {
	pages, err := filepath.Glob(filepath.Join(root, "usr/share/man/*/*.gz"))
	require.NoError(t, err)
	chinese, err := filepath.Glob(filepath.Join(root, "usr/share/man/zh_CN/*/*.gz"))
	require.NoError(t, err)
	require.Len(t, pages, 2)
	require.Len(t, chinese, 2)
	for _, page := range append(pages, chinese...) {
		cmd := exec.CommandContext(t.Context(), "man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANWIDTH=80", "MANROFFSEQ=")
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		require.NoError(t, cmd.Run(), page)
		require.Empty(t, complaints.String(), page)
		require.NotContains(t, string(tool(t, "lexgrog", page)), "parse failed")
	}
}

// TestZ34_NoScriptOfThePackageTakesAway: installing, upgrading, removing and purging leave recordings,
// keys and settings alone, and nothing restarts a service by itself.
func TestZ34_NoScriptOfThePackageTakesAway(t *testing.T) {
	control := t.TempDir()
	tool(t, "dpkg-deb", "--control", packed(t, "roomrec.deb"), control)
	scripts := must(filepath.Glob(filepath.Join(control, "p*")))
	require.Len(t, scripts, 4)
	for _, name := range scripts {
		tool(t, "sh", "-n", name)
		for line := range strings.Lines(string(must(os.ReadFile(name)))) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "echo ") {
				continue
			}
			require.NotRegexp(t, `\b(rm|rmdir|shred|truncate|mv|find|userdel|groupdel)\b`, line, name)
			require.NotRegexp(t, `systemctl.*\b(re)?(start|stop)\b`, line, "%s: a person chooses when", name)
		}
	}
}
