package paneltest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"roomrec/panel"
)

// ProofScenes lists what SetProof knows.
func ProofScenes() []string {
	return []string{"awaited", "none", "made", "unchecked", "wrong", "unread"}
}

// SetProof has others than the station say something else of every seal: "awaited" is what a sheet that is printed
// at once can tell.
func (b *Backend) SetProof(scene string) error {
	if !slices.Contains(ProofScenes(), scene) {
		return fmt.Errorf("no scene %q", scene)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.proof = scene
	return nil
}

func (b *Backend) proofScene(w http.ResponseWriter, r *http.Request) {
	if err := b.SetProof(r.URL.Query().Get("scene")); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Proof implements panel.Proofs.
func (b *Backend) Proof(_ context.Context, sess string) (panel.ProofView, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.archive[sess]
	if !ok || r.Seal == nil {
		return panel.ProofView{}, panel.ErrNotFound
	}
	at := r.Seal.At.Add(3 * time.Second)
	stamp := panel.StampView{Status: panel.StampTrusted, Authority: "Time-stamping authority 1", At: at, Accuracy: time.Second}
	held := panel.LoggedView{State: panel.LogHeld, Entry: 417}
	switch b.proof {
	case "none":
		return panel.ProofView{Stamp: panel.StampNone, Log: panel.LoggedView{State: panel.LogMissing}}, nil
	case "made":
		held.By = []panel.WitnessView{{By: "Supervision 1", First: at.Add(time.Second), Until: at.Add(4 * time.Second)}}
		return panel.ProofView{Stamp: panel.StampMade, Stamps: []panel.StampView{stamp}, Log: held}, nil
	case "unchecked":
		stamp.Status, held.Unknown = panel.StampUnchecked, 2
		other := stamp
		other.Status = panel.StampOther
		return panel.ProofView{Stamp: panel.StampMade, Stamps: []panel.StampView{stamp, other}, Log: held}, nil
	case "wrong":
		return panel.ProofView{Stamp: panel.StampMade, Stamps: []panel.StampView{{Status: panel.StampWrong}}, Log: panel.LoggedView{State: panel.LogContradicted}}, nil
	case "unread":
		return panel.ProofView{}, fmt.Errorf("the disks do not answer")
	}
	return panel.ProofView{Stamp: panel.StampWaiting, Log: held}, nil
}
