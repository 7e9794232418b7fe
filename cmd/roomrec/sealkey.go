package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/seal"
)

// keyName is the name in the station's signatures.
const keyName = "roomrec"

// The names under which systemd may hand over the key, and what unlocks it (LoadCredential=).
const (
	credential           = "roomrec-seal.key"
	credentialPassphrase = "roomrec-seal.passphrase"
)

// credentialFile returns the file in which systemd hands something over, "" if it does not.
func credentialFile(name string) string {
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		if file := filepath.Join(dir, name); exists(file) {
			return file
		}
	}
	return ""
}

// algorithms are the settings' names of what a key is made for.
var algorithms = map[string]string{
	"": seal.AlgorithmEd25519, "ed25519": seal.AlgorithmEd25519, "ecdsa-p256": seal.AlgorithmECDSA, "sm2": seal.AlgorithmSM2,
}

// passphraseOf returns what asks for the passphrase of the key, nil if there is none.
func passphraseOf(s config.Seal) func() (string, error) {
	file := credentialFile(credentialPassphrase)
	if file == "" {
		file = s.PassphraseFile
	}
	if file == "" {
		return nil
	}
	return func() (string, error) { return seal.ReadPassphrase(file) }
}

// errClockWrong says that the host's clock cannot be right. Whoever set the controller up must set the clock
// before the first start: what it would record and seal would all be of another time.
var errClockWrong = errors.New("the host's clock is wrong")

// plausible are the times between which this program can be started the first time.
var plausible = [2]time.Time{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}

// readKey reads the key that systemd hands over, or the one in file, which is made at the first start. Later
// a wrong clock is an alarm, and stops nothing.
func readKey(file string, s config.Seal, now clock.Wall) (seal.Key, error) {
	if handed := credentialFile(credential); handed != "" {
		return seal.ReadKey(handed, passphraseOf(s))
	}
	if at := now.Time(); !exists(file) && !exists(file+seal.PublicSuffix) && (at.Before(plausible[0]) || at.After(plausible[1])) {
		return nil, fmt.Errorf("%w: it says %s; set it, then start again: no key is made before that", errClockWrong, at.UTC().Format(time.DateTime))
	}
	return seal.OpenKeyWith(file, seal.KeyOptions{Name: keyName, Algorithm: algorithms[s.Algorithm], Passphrase: passphraseOf(s)})
}
