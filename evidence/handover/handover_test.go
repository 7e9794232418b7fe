package handover

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"roomrec/evidence/seal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const session = "20261122-140507-7f2k"

// sample is a package of three files, one of which is read from a disk, and the key that checks it.
func sample(t testing.TB) (*Package, seal.Verifier) {
	t.Helper()
	key, err := seal.OpenKey(filepath.Join(t.TempDir(), "seal.key"), "roomrec")
	require.NoError(t, err)
	v, err := seal.ParseVerifier(key.Verifier())
	require.NoError(t, err)
	from := filepath.Join(t.TempDir(), "0001.mp4")
	data := bytes.Repeat([]byte("pictures "), 100_000)
	require.NoError(t, os.WriteFile(from, data, 0o600))
	sum := seal.SHA256(data)
	return &Package{Session: session, Key: key, Files: []File{
		{Name: "recording/a/0001.mp4", From: from, Size: int64(len(data)), Want: &sum},
		{Name: "README.txt", Data: []byte("read me\n")},
		{Name: "tools/check", Data: []byte("#!/bin/sh\n"), Program: true},
	}}, v
}

// What was interrupted after its note was signed is gone on with, also by keys whose signatures over one text
// differ each time.
func TestAnInterruptedPackageIsGoneOnWithByEveryKindOfKey(t *testing.T) {
	for _, algorithm := range seal.Algorithms {
		t.Run(algorithm, func(t *testing.T) {
			p, _ := sample(t)
			var err error
			p.Key, err = seal.OpenKeyWith(filepath.Join(t.TempDir(), "seal.key"), seal.KeyOptions{Name: "roomrec", Algorithm: algorithm})
			require.NoError(t, err)
			interrupted := errors.New("interrupted")
			dir := t.TempDir()
			p.Verify = func(context.Context, string) error { return interrupted }
			_, err = p.Folder(t.Context(), dir)
			require.ErrorIs(t, err, interrupted)
			p.Verify = nil
			m, err := p.Folder(t.Context(), dir)
			require.NoError(t, err)
			key, err := seal.ParseVerifier(p.Key.Verifier())
			require.NoError(t, err)
			_, err = Check(t.Context(), m.Path, key)
			require.NoError(t, err)
		})
	}
}

func TestAPackageIsWholeOrHasNoName(t *testing.T) {
	p, key := sample(t)
	dir := t.TempDir()
	last := int64(0)
	p.Progress = func(done, total int64) { require.LessOrEqual(t, done, total); last = done }
	m, err := p.Folder(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, Made{Path: filepath.Join(dir, session), Files: 3, Bytes: 900_018, Note: m.Note}, m)
	require.Equal(t, int64(2*900_018), last, "written and read back")
	c, err := Check(t.Context(), m.Path, key)
	require.NoError(t, err)
	require.Equal(t, session, c.Session)
	require.Len(t, c.Files, 3)
	_, err = p.Folder(t.Context(), dir)
	require.ErrorIs(t, err, ErrThere)

	wrong := errors.New("not what it was")
	p.Verify = func(_ context.Context, dir string) error {
		require.True(t, strings.HasSuffix(dir, ".part"))
		return wrong
	}
	dir = t.TempDir()
	_, err = p.Folder(t.Context(), dir)
	require.ErrorIs(t, err, wrong)
	require.NoDirExists(t, filepath.Join(dir, session))
}

// Whatever an interruption left of a package is gone on with, and the result is the same; what is no beginning
// of it is refused and stays.
func TestAnInterruptedPackageIsGoneOnWith(t *testing.T) {
	p, key := sample(t)
	whole, err := os.ReadFile(p.Files[0].From)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		left map[string][]byte
		want error
	}{
		"an empty folder":        {nil, nil},
		"an empty file":          {map[string][]byte{"recording/a/0001.mp4": nil}, nil},
		"half of a file":         {map[string][]byte{"recording/a/0001.mp4": whole[:len(whole)/2], "README.txt": []byte("read me\n")}, nil},
		"all but the note":       {map[string][]byte{"recording/a/0001.mp4": whole, "README.txt": []byte("read me\n"), "tools/check": []byte("#!/bin/sh\n")}, nil},
		"other bytes":            {map[string][]byte{"recording/a/0001.mp4": []byte("pictureS")}, ErrOther},
		"too many bytes":         {map[string][]byte{"README.txt": []byte("read me\nplease\n")}, ErrOther},
		"a file of another":      {map[string][]byte{"recording/b/0001.mp4": whole}, ErrOther},
		"a note of another hour": {map[string][]byte{NoteName: []byte("roomrec-handover/1\nsession x")}, ErrOther},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			part := filepath.Join(dir, session+".part")
			require.NoError(t, os.Mkdir(part, 0o750))
			for n, b := range c.left {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(part, n)), 0o750))
				require.NoError(t, os.WriteFile(filepath.Join(part, n), b, 0o600))
			}
			_, err := Check(t.Context(), part, key)
			require.Error(t, err, "it does not look whole")
			_, err = p.Folder(t.Context(), dir)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				for n, b := range c.left {
					have, err := os.ReadFile(filepath.Join(part, n))
					require.NoError(t, err)
					require.Equal(t, string(b), string(have))
				}
				return
			}
			require.NoError(t, err)
			_, err = Check(t.Context(), filepath.Join(dir, session), key)
			require.NoError(t, err)
		})
	}
}

// An original that changed since it was sealed, or that shrank meanwhile, gives no package; nor does an export
// that was cancelled.
func TestNoPackageOfWhatIsNotThere(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	to, err := ParseRecipient(id.Recipient().String())
	require.NoError(t, err)
	for name, c := range map[string]struct {
		do   func(p *Package, stop func())
		want error
	}{
		"changed":       {func(p *Package, _ func()) { p.Files[0].Want[0] ^= 1 }, ErrChanged},
		"shrank":        {func(p *Package, _ func()) { p.Files[0].Size++; p.Files[0].Want = nil }, io.EOF},
		"gone":          {func(p *Package, _ func()) { p.Files[0].From += "x" }, os.ErrNotExist},
		"cancelled":     {func(_ *Package, stop func()) { stop() }, context.Canceled},
		"outside of it": {func(p *Package, _ func()) { p.Files[0].Name = "../x" }, nil},
	} {
		for _, encrypted := range []bool{false, true} {
			if c.want == nil && encrypted {
				continue
			}
			t.Run(name, func(t *testing.T) {
				p, _ := sample(t)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				c.do(p, stop)
				dir := t.TempDir()
				if encrypted {
					_, err = p.File(ctx, dir, to)
				} else {
					_, err = p.Folder(ctx, dir)
				}
				require.Error(t, err)
				if c.want != nil {
					require.ErrorIs(t, err, c.want)
				}
				entries, err := os.ReadDir(dir)
				require.NoError(t, err)
				for _, e := range entries {
					require.True(t, strings.HasSuffix(e.Name(), ".part"), e.Name())
				}
			})
		}
	}
}

func TestC54_AnEncryptedPackageOpensForItsRecipientsAlone(t *testing.T) {
	p, key := sample(t)
	one, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	two, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	var to []Recipient
	for _, id := range []*age.X25519Identity{one, two} {
		r, err := ParseRecipient(id.Recipient().String())
		require.NoError(t, err)
		require.Equal(t, id.Recipient().String(), r.Name)
		to = append(to, r)
	}
	dir := t.TempDir()
	interrupted := filepath.Join(dir, session+".tar.age.part")
	require.NoError(t, os.WriteFile(interrupted, []byte("age-encryption.org/v1\n"), 0o600))
	m, err := p.File(t.Context(), dir, to...)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, session+".tar.age"), m.Path)
	cipher, err := os.ReadFile(m.Path)
	require.NoError(t, err)
	require.Equal(t, seal.SHA256(cipher).String(), m.SHA256)
	for _, clear := range []string{"pictures", "read me", session, "recording"} {
		require.NotContains(t, string(cipher), clear)
	}
	require.FileExists(t, interrupted, "it stays as it is")
	_, err = p.File(t.Context(), dir, to...)
	require.ErrorIs(t, err, ErrThere)

	for _, id := range []age.Identity{one, two} {
		at := filepath.Join(t.TempDir(), "x")
		require.NoError(t, untar(cipher, id, at))
		c, err := Check(t.Context(), filepath.Join(at, session), key)
		require.NoError(t, err)
		require.Len(t, c.Files, 3)
	}
	nobody, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	require.Error(t, untar(cipher, nobody, t.TempDir()))
	// Cut anywhere, it opens to no end; changed anywhere, it does not open.
	for _, n := range []int{len(cipher) - 1, len(cipher) - 64<<10, len(cipher) / 2, 300, 20, 0} {
		require.Error(t, untar(cipher[:n], one, t.TempDir()), "%d bytes", n)
		if n > 0 {
			changed := bytes.Clone(cipher)
			changed[n] ^= 1
			require.Error(t, untar(changed, one, t.TempDir()), "byte %d", n)
		}
	}
}

func TestC54_APackageWithAPassphrase(t *testing.T) {
	_, err := Passphrase("too short")
	require.ErrorContains(t, err, "at least 16")
	require.NotContains(t, err.Error(), "too short")
	p, key := sample(t)
	r, err := Passphrase("correct horse battery staple")
	require.NoError(t, err)
	r.of.(*age.ScryptRecipient).SetWorkFactor(10) // the usual one takes a second
	m, err := p.File(t.Context(), t.TempDir(), r)
	require.NoError(t, err)
	cipher, err := os.ReadFile(m.Path)
	require.NoError(t, err)
	id, err := age.NewScryptIdentity("correct horse battery staple")
	require.NoError(t, err)
	at := t.TempDir()
	require.NoError(t, untar(cipher, id, at))
	_, err = Check(t.Context(), filepath.Join(at, session), key)
	require.NoError(t, err)
}

// What becomes of a package on its way shows by its own list.
func TestCheckFindsWhatWasDoneToAPackage(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(t *testing.T, dir string)
		want error
	}{
		"a byte": {func(t *testing.T, dir string) { put(t, dir, "README.txt", "read Me\n") }, ErrChanged},
		"a file taken": {func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "tools/check")))
		}, ErrNotWhole},
		"a file added": {func(t *testing.T, dir string) { put(t, dir, "recording/a/0002.mp4", "more") }, ErrChanged},
		"no note":      {func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, NoteName))) }, ErrNotWhole},
		"a part of the note": {func(t *testing.T, dir string) {
			b, err := os.ReadFile(filepath.Join(dir, NoteName))
			require.NoError(t, err)
			put(t, dir, NoteName, string(b[:len(b)-10]))
		}, ErrNotWhole},
		"another hand's note": {func(t *testing.T, dir string) {
			other, _ := sample(t)
			b, err := os.ReadFile(filepath.Join(dir, NoteName))
			require.NoError(t, err)
			text, _, _ := strings.Cut(string(b), "\n\n")
			note, err := seal.SignText(text+"\n", other.Key)
			require.NoError(t, err)
			put(t, dir, NoteName, string(note))
		}, seal.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			p, key := sample(t)
			m, err := p.Folder(t.Context(), t.TempDir())
			require.NoError(t, err)
			c.do(t, m.Path)
			_, err = Check(t.Context(), m.Path, key)
			require.ErrorIs(t, err, c.want)
		})
	}
}

func FuzzParse(f *testing.F) {
	p, key := sample(f)
	for _, text := range []string{
		Version + "\nsession x\n" + strings.Repeat("0", 64) + "  a\n", Version + "\nsession x\n" + strings.Repeat("0", 64) + "  ../a\n",
		Version + "\n", "roomrec-handover/2\nsession x\nf\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		note, err := seal.SignText(text+"\n", p.Key)
		if err != nil {
			return
		}
		c, err := Parse(note, key)
		if err != nil {
			return
		}
		again := Version + "\nsession " + c.Session + "\n"
		for _, s := range c.Files {
			require.True(t, filepath.IsLocal(filepath.FromSlash(s.Name)))
			again += s.SHA256.String() + "  " + s.Name + "\n"
		}
		require.Equal(t, again, strings.TrimRight(text, "\n")+"\n", "there is one way to write it")
	})
}

func put(t *testing.T, dir, name, data string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600))
}

// untar opens an encrypted package, as its recipient does.
func untar(cipher []byte, id age.Identity, dir string) error {
	plain, err := age.Decrypt(bytes.NewReader(cipher), id)
	if err != nil {
		return err
	}
	for archive := tar.NewReader(plain); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(io.Discard, plain)
			return err
		}
		if err != nil {
			return err
		}
		b, err := io.ReadAll(archive)
		if err != nil {
			return err
		}
		name := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o750), os.WriteFile(name, b, 0o600)); err != nil {
			return err
		}
	}
}
