package panel

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"roomrec/clock"
)

// Requests of one address: so many each second, and so many at once. Eight rooms on one page and a
// recording played at four times its speed need a tenth of it.
const (
	requestRate  = 100
	requestBurst = 400
	maxAddresses = 4096
)

// limiter counts requests by address.
type limiter struct {
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	left float64
	at   clock.Mono
}

// allow takes one request of an address, or refuses it.
func (l *limiter) allow(from string, now clock.Mono) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[from]
	if b == nil {
		if l.buckets == nil || len(l.buckets) >= maxAddresses {
			l.buckets = make(map[string]*bucket)
		}
		b = &bucket{left: requestBurst, at: now}
		l.buckets[from] = b
	}
	b.left = min(requestBurst, b.left+now.Sub(b.at).Seconds()*requestRate)
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// addressOf returns where a request comes from: the address alone, of IPv6 the network that one site
// has.
func addressOf(r *http.Request) string {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "?"
	}
	ip := a.Addr().Unmap()
	if ip.Is6() {
		if p, err := ip.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// retryAfter is what a refused address is told.
const retryAfter = time.Second
