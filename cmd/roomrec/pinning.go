package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"roomrec/clock"
	"roomrec/config"
	"roomrec/onvif"
	"roomrec/rtsp"
)

// stream takes up a camera's stream: its address, or a maker's name in place of rtsp, a host and, of a
// recorder, the channel, as in hikvision://192.0.2.40/3.
func (o *candidate) stream(address string) error {
	scheme, rest, _ := strings.Cut(address, "://")
	if scheme == "rtsp" || scheme == "rtsps" {
		s, err := rtsp.ParseSource(address)
		if err == nil && s.Password != "" {
			err = errors.New("no password belongs into an address: write it into a file and name that with --password-file")
		}
		o.url = address
		return err
	}
	host, channel, numbered := strings.Cut(rest, "/")
	u, err := url.Parse("rtsp://" + host + "/")
	if err != nil || u.Host != host || u.Hostname() == "" || u.User != nil {
		// What stands there may have a password in it.
		return errors.New("is not a host: want a maker, a host and, of a recorder, the channel, as in hikvision://192.0.2.40/3")
	}
	if numbered {
		if o.channel, err = strconv.Atoi(channel); err != nil || o.channel < 1 || o.channel > 999 {
			return fmt.Errorf("%q is not a channel: want 1 to 999, as the recorder labels them", channel)
		}
	}
	var known bool
	if o.url, o.live, known = config.Streams(scheme, host, o.channel); !known {
		return fmt.Errorf("%q is no maker whose addresses are known: want rtsp, rtsps or one of %s", scheme, strings.Join(config.Vendors(), ", "))
	}
	o.vendor, o.at = scheme, host
	return nil
}

// pin asks the management of a camera that was named by its stream who it is, so that another device in
// its place is noticed. That it does not answer is said; the camera is used all the same.
func (o *candidate) pin(ctx context.Context, user, password string) {
	u, err := url.Parse(o.url)
	if err != nil {
		return // it was read before
	}
	host := config.ManagementOf(u.Host)
	var info deviceInfo
	device, err := onvif.New(host, user, password, clock.NewSystem())
	if err == nil {
		info, err = look(ctx, device, false)
	}
	if err != nil {
		o.advice = append(o.advice, "switch ONVIF on, so that setup can pin the device: another one put in its place would not be noticed ("+err.Error()+")")
		return
	}
	if o.channel > 0 { // the recorder's own, of which this is a channel
		info.ShowsTime = nil
	}
	o.info, o.management = &info, host
	for _, a := range info.Advice {
		if o.channel == 0 || !strings.Contains(a, "on-screen date") {
			o.advice = append(o.advice, a)
		}
	}
}

// recorderAdvice says of a recorder (NVR) how its other channels are named; nothing of a camera.
func recorderAdvice(host string, info deviceInfo) []string {
	sources := make(map[string]bool)
	for _, s := range info.Streams {
		sources[s.Source] = true
	}
	if len(sources) < 2 {
		return nil
	}
	maker := "hikvision"
	for _, v := range config.Vendors() {
		if strings.Contains(strings.ToLower(info.Manufacturer), v) {
			maker = v
		}
	}
	return []string{fmt.Sprintf("this is a recorder with %d channels, of which only the first is taken here: name each that is wanted, as in --camera ROOM/NAME=%s://%s/2", len(sources), maker, config.ManagementOf(host))}
}
