package evidence

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/evidence/verify"
	"roomrec/evidence/volume/volumetest"
)

// verdict writes what the disk holds of the session to a folder and has it verified.
func (r *rig) verdict(t testing.TB, d *volumetest.Disk) verify.Folder {
	t.Helper()
	return judge(t, r.files(d))
}

// judge has files verified as a session's folder.
func judge(t testing.TB, files map[string][]byte) verify.Folder {
	t.Helper()
	dir := filepath.Join(t.TempDir(), testSession)
	for p, b := range files {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(p)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, p), b, 0o640))
	}
	report, err := verify.Folders(context.Background(), []string{dir}, verify.Options{})
	require.NoError(t, err)
	return report.Folders[0]
}
