package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// vendor is how a maker's devices name their streams over RTSP: %d stands for the channel of a
// recorder (NVR).
type vendor struct {
	main, sub       string // of a camera; sub is empty where the maker has no fixed one
	nvrMain, nvrSub string // of a recorder's channel
	from            int    // what the recorder's first channel is called in addresses: 0 or 1
}

// vendors are the makers whose addresses are known. They are the vendors' own documented defaults; a
// camera that was set otherwise is named by url.
var vendors = map[string]vendor{
	"hikvision": {"/Streaming/Channels/101", "/Streaming/Channels/102", "/Streaming/Channels/%d01", "/Streaming/Channels/%d02", 1},
	"dahua":     {"/cam/realmonitor?channel=1&subtype=0", "/cam/realmonitor?channel=1&subtype=1", "/cam/realmonitor?channel=%d&subtype=0", "/cam/realmonitor?channel=%d&subtype=1", 1},
	"uniview":   {"/media/video1", "/media/video2", "/unicast/c%d/s0/live", "/unicast/c%d/s1/live", 1},
	"axis":      {"/axis-media/media.amp?videocodec=h264", "/axis-media/media.amp?videocodec=h264&resolution=640x360", "/axis-media/media.amp?videocodec=h264&camera=%d", "", 1},
	"hanwha":    {"/profile2/media.smp", "", "/LiveChannel/%d/media.smp", "", 0},
	"tiandy":    {"/1/1", "/1/2", "/%d/1", "/%d/2", 1},
	// generic has no addresses: url names the stream.
	"generic": {},
}

// Streams returns the addresses of the stream to record and of the one for live pictures, which is
// empty where the vendor has no fixed one. Host is a name or IP address with or without a port.
// Channel counts from 1, as recorders label them; 0 is a camera by itself. ok is false for a vendor
// without known addresses.
func Streams(vendorName, host string, channel int) (main, live string, ok bool) {
	v, ok := vendors[vendorName]
	if !ok || v.main == "" {
		return "", "", false
	}
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		host = "[" + host + "]"
	}
	main, live = v.main, v.sub
	if channel > 0 {
		n := channel - 1 + v.from
		main, live = fmt.Sprintf(v.nvrMain, n), ""
		if v.nvrSub != "" {
			live = fmt.Sprintf(v.nvrSub, n)
		}
	}
	if live != "" {
		live = "rtsp://" + host + live
	}
	return "rtsp://" + host + main, live, true
}

// vendor fills in a camera's addresses from its vendor, host and channel.
func (r *reader) vendor(at string, cam *Camera) {
	if cam.Host != "" && !validServer(cam.Host) {
		r.problem(at+".host", quote(cam.Host)+" is not a host", "a host name or IP address, with or without a port, as in 192.0.2.31", "")
		return
	}
	main, live, known := Streams(cam.Vendor, cam.Host, cam.Channel)
	switch {
	case !known && cam.Channel != 0:
		r.problem(at+".channel", "no vendor says how the address of a channel is written", "vendor: "+strings.Join(withAddresses, ", "), "or name the stream by url")
		return
	case !known:
		return // url says it
	case cam.Host == "":
		if cam.URL == "" {
			r.problem(at+".host", "missing, although a vendor is named", "the camera's or recorder's host name or IP address, or url", "")
		}
		return
	case cam.URL != "" && cam.URL != main:
		r.problem(at+".url", "the stream is named twice: by url, and by vendor, host and channel", "one of the two", "remove url, or host")
		return
	}
	cam.URL = main
	if cam.ONVIF == "" && cam.Serial+cam.MAC != "" {
		cam.ONVIF = ManagementOf(cam.Host)
	}
	if cam.Live == nil && live != "" {
		cam.Live = &Live{URL: live}
	}
}

// ManagementOf is the host of a device's management by the host of its streams: the same, at the usual port.
func ManagementOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil && a.Is6() {
		return "[" + a.String() + "]"
	}
	return host
}

// Vendors returns the makers for which [Streams] knows addresses.
func Vendors() []string { return slices.Clone(withAddresses) }

// withAddresses are the vendors with known addresses, as the page of settings lists them.
var withAddresses = []string{"hikvision", "dahua", "uniview", "axis", "hanwha", "tiandy"}
