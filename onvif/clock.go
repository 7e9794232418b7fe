package onvif

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"roomrec/clock"
)

// Clock is a look at a device's clock.
type Clock struct {
	Device time.Time   // what it says, UTC, in whole seconds
	At     clock.Stamp // when: the middle of the request, by our clock
	// Offset is the device's clock minus ours. Half of the second that the device cuts off is added.
	Offset time.Duration
	// Uncertainty of Offset: half a second, and half of what the request took.
	Uncertainty time.Duration
	NTP         bool   // the device says that it gets its time from a time server
	Zone        string // as the device names it, a POSIX zone as in CST-8
	Summer      bool   // the device puts its own time forward in summer
}

type dateTime struct {
	Time struct{ Hour, Minute, Second int }
	Date struct{ Year, Month, Day int }
}

func (d *dateTime) time(loc *time.Location) (time.Time, bool) {
	ok := d.Date.Year >= 1970 && d.Date.Year < 2200 && d.Date.Month >= 1 && d.Date.Month <= 12 && d.Date.Day >= 1 && d.Date.Day <= 31 &&
		d.Time.Hour >= 0 && d.Time.Hour <= 23 && d.Time.Minute >= 0 && d.Time.Minute <= 59 && d.Time.Second >= 0 && d.Time.Second <= 60
	return time.Date(d.Date.Year, time.Month(d.Date.Month), d.Date.Day, d.Time.Hour, d.Time.Minute, d.Time.Second, 0, loc), ok
}

// Clock asks what the device's clock says. Devices tell it without a password.
func (c *Client) Clock(ctx context.Context) (Clock, error) {
	var r struct {
		SystemDateAndTime struct {
			DateTimeType    string
			DaylightSavings string
			TimeZone        struct{ TZ string }
			UTCDateTime     *dateTime
			LocalDateTime   *dateTime
		}
	}
	before := c.clock.Now()
	if err := c.call(ctx, c.device(), "GetSystemDateAndTime", `<w:GetSystemDateAndTime/>`, false, &r); err != nil {
		return Clock{}, err
	}
	took := c.clock.Now().Mono.Sub(before.Mono)
	s := &r.SystemDateAndTime
	out := Clock{
		At:  clock.Stamp{Wall: before.Wall.Add(took / 2), Mono: before.Mono.Add(took / 2)},
		NTP: s.DateTimeType == "NTP", Zone: clean(s.TimeZone.TZ), Uncertainty: time.Second/2 + took/2,
		Summer: strings.TrimSpace(s.DaylightSavings) == "true",
	}
	ok := false
	switch {
	case s.UTCDateTime != nil:
		out.Device, ok = s.UTCDateTime.time(time.UTC)
	case s.LocalDateTime != nil: // old devices leave the other out
		loc, err := posixZone(out.Zone)
		if err != nil {
			return Clock{}, fmt.Errorf("%s: GetSystemDateAndTime: %w", c.host, err)
		}
		out.Device, ok = s.LocalDateTime.time(loc)
	}
	if !ok {
		return Clock{}, fmt.Errorf("%s: GetSystemDateAndTime: the device tells no valid date and time", c.host)
	}
	out.Device = out.Device.UTC()
	out.Offset = out.Device.Add(time.Second / 2).Sub(out.At.Wall.Time())
	c.offset, c.measured = out.Offset, true
	return out, nil
}

var zonePattern = regexp.MustCompile(`^(?:[A-Za-z]{3,10}|<[A-Za-z0-9+-]{3,10}>)([+-]?)(\d{1,2})(?::(\d{2}))?(?::\d{2})?$`)

// posixZone reads a POSIX zone without summer time, whose sign is that of the way to UTC: CST-8 is
// eight hours east.
func posixZone(name string) (*time.Location, error) {
	m := zonePattern.FindStringSubmatch(name)
	if m == nil {
		return nil, errors.New("the device tells local time alone, in a zone that is not understood")
	}
	hours, _ := strconv.Atoi(m[2])
	minutes, _ := strconv.Atoi("0" + m[3])
	seconds := hours*3600 + minutes*60
	if m[1] != "-" {
		seconds = -seconds
	}
	return time.FixedZone(name, seconds), nil
}

// SetClock sets the device's clock to ours, by hand, and returns how it is then. The device's zone and summer
// time are left alone; a device that gets its time from a server stops to: NTP is the better way.
func (c *Client) SetClock(ctx context.Context) (Clock, error) {
	before, err := c.Clock(ctx)
	if err != nil {
		return Clock{}, err
	}
	zone := ""
	if before.Zone != "" {
		zone = `<w:TimeZone><t:TZ>` + escape(before.Zone) + `</t:TZ></w:TimeZone>`
	}
	// It takes whole seconds: what is sent is right to half of one.
	now := c.clock.Now().Wall.Time().UTC().Add(time.Second / 2)
	body := fmt.Sprintf(`<w:SetSystemDateAndTime><w:DateTimeType>Manual</w:DateTimeType><w:DaylightSavings>%t</w:DaylightSavings>%s<w:UTCDateTime><t:Time><t:Hour>%d</t:Hour><t:Minute>%d</t:Minute><t:Second>%d</t:Second></t:Time><t:Date><t:Year>%d</t:Year><t:Month>%d</t:Month><t:Day>%d</t:Day></t:Date></w:UTCDateTime></w:SetSystemDateAndTime>`,
		before.Summer, zone, now.Hour(), now.Minute(), now.Second(), now.Year(), now.Month(), now.Day())
	if err := c.call(ctx, c.device(), "SetSystemDateAndTime", body, true, nil); err != nil {
		return Clock{}, err
	}
	return c.Clock(ctx)
}

// NTP returns the time servers that the device asks, names or addresses.
func (c *Client) NTP(ctx context.Context) (servers []string, err error) {
	type host struct{ IPv4Address, IPv6Address, DNSname string }
	var r struct {
		NTPInformation struct{ NTPFromDHCP, NTPManual []host }
	}
	if err := c.call(ctx, c.device(), "GetNTP", `<w:GetNTP/>`, true, &r); err != nil {
		return nil, err
	}
	for _, h := range append(r.NTPInformation.NTPManual, r.NTPInformation.NTPFromDHCP...) {
		for _, name := range []string{h.IPv4Address, h.IPv6Address, h.DNSname} {
			if name = clean(name); name != "" {
				servers = append(servers, name)
			}
		}
	}
	return servers, nil
}
