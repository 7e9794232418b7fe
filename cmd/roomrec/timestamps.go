package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"roomrec/catalog"
	"roomrec/clock"
	"roomrec/config"
	"roomrec/evidence/after"
	"roomrec/evidence/seal"
	"roomrec/evidence/tsa"
)

const (
	// stampFirst and stampMost are how long is waited after the first failure, and after many.
	stampFirst, stampMost = 10 * time.Second, time.Hour
	// stampQueue is how many seals may wait for their time-stamp. Beyond it they are found at the next start.
	stampQueue = 4096
	// stampRecent is for how long after a seal a start still asks a time-stamp of it.
	stampRecent = 90 * 24 * time.Hour
)

// errAuthority says that the time-stamping authority gave no token that is right.
var errAuthority = errors.New("the time-stamping authority gives no token")

// stamper has seals stamped by the site's time-stamping authority, after they were made, one at a time. No
// recording and no seal waits for it. What waits for a time-stamp is what has a seal and no line that tells
// of one, so that a restart goes on with it.
type stamper struct {
	station *station
	index   *index
	papers  *transcripts // who reads and writes after a seal
	by      *config.Timestamp
	wake    chan struct{} // capacity 1; full: the worker looks anyway

	mu      sync.Mutex
	waiting []*stamping // at most stampQueue

	made, failed prometheus.Counter
}

// stamping is a session whose seal waits for its time-stamp.
type stamping struct {
	session string
	tries   int
	not     clock.Mono // before this it is not tried again
}

func newStamper(st *station, x *index, papers *transcripts) (*stamper, error) {
	s := &stamper{station: st, index: x, papers: papers, by: st.setup.seal.Timestamp, wake: make(chan struct{}, 1)}
	results := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "roomrec_timestamps_total", Help: "Time-stamps of seals that were asked of the site's authority, by result: made, failed.",
	}, []string{"result"})
	s.made, s.failed = results.WithLabelValues("made"), results.WithLabelValues("failed")
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "roomrec_timestamps_waiting", Help: "Seals that wait for their time-stamp; 0 where the settings name no authority.",
	}, func() float64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return float64(len(s.waiting))
	})
	if err := errors.Join(st.metrics.Register(results), st.metrics.Register(waiting)); err != nil {
		return nil, err
	}
	if before := x.sealed; s.by != nil {
		x.sealed = func(id string) {
			if before != nil {
				before(id)
			}
			s.add(id)
		}
	}
	return s, nil
}

// add has a session's seal stamped, unless it waits already.
func (s *stamper) add(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.waiting, func(w *stamping) bool { return w.session == id }) {
		return
	}
	if len(s.waiting) == stampQueue {
		s.station.log.Warn().Str("session", id).Msg("too many seals wait for a time-stamp: this one is looked at again at the next start")
		return
	}
	s.waiting = append(s.waiting, &stamping{session: id})
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run has seals stamped until ctx ends.
func (s *stamper) Run(ctx context.Context) error {
	if s.by == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := s.resume(ctx); err != nil && ctx.Err() == nil {
		s.station.log.Error().Err(err).Msg("look for seals without a time-stamp; it is tried again at the next start")
	}
	silent := 0 // how often in a row the authority gave no token
	for {
		w, delay := s.next()
		if w != nil {
			err := s.stamp(ctx, w.session)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil {
				silent = 0
				s.end(w)
				continue
			}
			s.failed.Inc()
			s.station.log.Error().Err(err).Str("session", w.session).Msg("time-stamp of a seal; it is tried again")
			if errors.Is(err, errAuthority) {
				silent++
				s.later(stampDelay(silent), s.all()...)
			} else {
				s.later(stampDelay(w.tries+1), w)
			}
			continue
		}
		timer := time.NewTimer(delay)
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// stampDelay is how long is waited after so many failures in a row, from 1.
func stampDelay(tries int) time.Duration {
	delay := stampFirst
	for ; tries > 1 && delay < stampMost; tries-- {
		delay *= 2
	}
	return min(delay, stampMost)
}

// next returns whose turn it is, or nil and how long nobody's turn comes.
func (s *stamper) next() (*stamping, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, delay := s.station.clock.Now().Mono, stampMost
	for _, w := range s.waiting {
		left := w.not.Sub(now)
		if left <= 0 {
			return w, 0
		}
		delay = min(delay, left)
	}
	return nil, delay
}

func (s *stamper) all() []*stamping {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.waiting)
}

func (s *stamper) later(delay time.Duration, which ...*stamping) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range which {
		w.tries++
		w.not = s.station.clock.Now().Mono.Add(delay)
	}
}

func (s *stamper) end(done *stamping) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = slices.DeleteFunc(s.waiting, func(w *stamping) bool { return w == done })
}

// resume finds the seals that a start of before left without a time-stamp.
func (s *stamper) resume(ctx context.Context) error {
	since := s.station.clock.Now().Wall.Add(-stampRecent)
	for at := 0; ; {
		found, err := s.index.c.Sessions(ctx, catalog.Query{After: since, Limit: stampQueue, Offset: at})
		if err != nil {
			return err
		}
		for _, one := range found {
			if one.SealHash != "" {
				s.add(one.Session)
			}
		}
		if at += len(found); len(found) < stampQueue {
			return nil
		}
	}
}

// stamp has the seal of one session stamped, if it is not, and sees that every volume of the session has the
// token.
func (s *stamper) stamp(ctx context.Context, id string) error {
	var sum [32]byte
	var token []byte
	stamped := false
	err := s.inTurn(ctx, id, func(o *opened) (err error) {
		sum = o.seal()
		if stamped, err = o.spreadStamps(); err == nil && !stamped {
			token = o.leftToken(s.by)
		}
		return err
	})
	if err != nil || stamped {
		return err
	}
	if token == nil {
		if token, _, err = askTimestamp(ctx, s.by, sum); err != nil {
			return fmt.Errorf("%w: %w", errAuthority, err)
		}
	}
	hash := seal.SHA256(token)
	d := after.Document{File: path.Join(after.TimestampFolder, hash.String()+".tst"), SHA256: hash}
	err = s.inTurn(ctx, id, func(o *opened) error {
		if o.seal() != sum {
			return errors.New("the seal is another one than a moment ago")
		}
		written, failed := o.putAll(d.File, token)
		if written == 0 {
			return failed
		}
		// A volume that did not take it gets it when it is tried again.
		return errors.Join(s.papers.append(o, after.TypeTimestamped, controllerActor, d), failed)
	})
	if err == nil {
		s.made.Inc()
	}
	return err
}

// inTurn does f with a sealed session to which something can be added. A disk that hangs holds the turn, but
// not who asked.
func (s *stamper) inTurn(ctx context.Context, id string, f func(*opened) error) error {
	give, err := s.papers.take(ctx)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer give()
		o, err := s.papers.open(id)
		switch {
		case err != nil:
			done <- err
		case o.readOnly != nil:
			done <- o.readOnly
		default:
			done <- f(o)
		}
	}()
	wait, stop := context.WithTimeout(ctx, diskTime)
	defer stop()
	select {
	case err := <-done:
		return err
	case <-wait.Done():
		return disksRefuse
	}
}

// spreadStamps reports whether a line tells of a time-stamp, and sees that every volume has the token.
func (o *opened) spreadStamps() (bool, error) {
	stamped := false
	for _, l := range o.copies[o.longest].Lines {
		var d after.Document
		if l.Type != after.TypeTimestamped || json.Unmarshal(l.Data, &d) != nil {
			continue
		}
		stamped = true
		var token []byte
		for _, dir := range o.dirs {
			if b, err := after.Get(dir, d.File, d.SHA256.String()); err == nil {
				token = b
				break
			}
		}
		if token == nil {
			return true, fmt.Errorf("the token %s is on no disk as it was added", d.File)
		}
		if _, err := o.putAll(d.File, token); err != nil {
			return true, err
		}
	}
	return stamped, nil
}

// leftToken returns a token over the seal that was written and that no line tells of, as a power cut between the
// two leaves it; nil if there is none. Another one beside it would stay there unnamed.
func (o *opened) leftToken(by *config.Timestamp) []byte {
	roots, err := tsa.ReadRoots(by.CAFile)
	if err != nil {
		return nil // asking says so
	}
	for _, dir := range o.dirs {
		left, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(after.TimestampFolder), "*.tst"))
		if err != nil {
			continue
		}
		for _, file := range left {
			name := strings.TrimSuffix(filepath.Base(file), ".tst")
			token, err := after.Get(dir, path.Join(after.TimestampFolder, name+".tst"), name)
			if err != nil {
				continue
			}
			if _, err := tsa.Check(token, o.seal(), roots); err == nil {
				return token
			}
		}
	}
	return nil
}

// putAll writes a document on every volume that has the session, and returns how many have it and why others
// do not. What is there with the same bytes is good.
func (o *opened) putAll(file string, data []byte) (written int, err error) {
	for _, dir := range o.dirs {
		failed := after.Put(dir, file, data)
		if failed == nil {
			written++
		}
		err = errors.Join(err, failed)
	}
	return written, err
}

// askTimestamp asks the authority for a token over a SHA-256 sum, and checks it.
func askTimestamp(ctx context.Context, by *config.Timestamp, sum [32]byte) ([]byte, tsa.Token, error) {
	var none tsa.Token
	roots, err := tsa.ReadRoots(by.CAFile)
	if err != nil {
		return nil, none, err
	}
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return nil, none, err
	}
	query, err := tsa.Request(sum, nonce)
	if err != nil {
		return nil, none, err
	}
	ctx, stop := context.WithTimeout(ctx, by.Timeout)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, by.URL, bytes.NewReader(query))
	if err != nil {
		return nil, none, err
	}
	req.Header.Set("Content-Type", "application/timestamp-query") // RFC 3161, 3.4
	// It asks no proxy and follows no one elsewhere: the only address is the configured one. An authority with
	// https is believed by the host's certificates, or by those that its tokens lead to.
	trusted, err := x509.SystemCertPool()
	if err != nil {
		trusted = x509.NewCertPool()
	}
	roots.AddTo(trusted)
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, none, err
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, tsa.MaxAnswer+1))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, none, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, none, fmt.Errorf("%s answers %s", by.URL, res.Status)
	}
	return tsa.Answer(answer, sum, nonce, roots)
}
