package panel

import (
	"net"
	"net/http"
	"net/netip"

	"roomrec/access"
	"roomrec/session"
)

// LoopbackOfficer signs in one officer on this machine itself: whoever sends a request over a
// loopback connection is that officer, everybody else is nobody. It is the demo's sign-in: with its
// rights neither people nor policy can be changed.
type LoopbackOfficer struct{ Actor session.Actor }

// Who returns the officer if the request came over loopback.
func (l LoopbackOfficer) Who(r *http.Request) (Person, bool) {
	if !fromLoopback(r) {
		return Person{}, false
	}
	return Person{Actor: l.Actor, Rights: access.Demo}, true
}

func fromLoopback(r *http.Request) bool {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// fromHere reports whether a request came from this host itself, by whichever of its addresses.
func fromHere(r *http.Request) bool {
	if fromLoopback(r) {
		return true
	}
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if err != nil || !ok {
		return false
	}
	l, err := netip.ParseAddrPort(local.String())
	return err == nil && l.Addr().Unmap() == a.Addr().Unmap()
}

// LoopbackAddress reports whether address, as "127.0.0.1:8080", is one of this machine alone. Plain
// HTTP is served on such addresses only.
func LoopbackAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
