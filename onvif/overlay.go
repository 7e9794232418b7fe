package onvif

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// ErrNoPlace says that a device names nothing to write the time into.
var ErrNoPlace = errors.New("the device names no picture that the time could be written into")

// ShowTime has the device write date and 24-hour time into its pictures (Z26), as yyyy-MM-dd and HH:mm:ss:
// the line that it has is changed, or else one is made in the upper left of the first picture. It returns
// what the device writes then. Devices without this part of ONVIF err with [ErrUnsupported].
func (c *Client) ShowTime(ctx context.Context) ([]Text, error) {
	texts, err := c.Texts(ctx)
	if err != nil {
		return nil, err
	}
	const format = `<t:Type>Text</t:Type><t:Position><t:Type>%s</t:Type></t:Position><t:TextString><t:Type>DateAndTime</t:Type><t:DateFormat>yyyy-MM-dd</t:DateFormat><t:TimeFormat>HH:mm:ss</t:TimeFormat></t:TextString>`
	operation, token, source, place := "CreateOSD", "", "", "UpperLeft"
	if TimeShown(texts) {
		return texts, nil
	}
	for _, t := range texts {
		if t.Kind == "DateAndTime" {
			operation, token, source = "SetOSD", t.Token, t.Source
			if t.Place != "" && t.Place != "Custom" {
				place = t.Place
			}
		}
	}
	if source == "" {
		if source, err = c.pictureConfiguration(ctx); err != nil {
			return nil, err
		}
	}
	body := fmt.Sprintf(`<w:%[1]s><w:OSD token="%[2]s"><t:VideoSourceConfigurationToken>%[3]s</t:VideoSourceConfigurationToken>%[4]s</w:OSD></w:%[1]s>`,
		operation, escape(token), escape(source), fmt.Sprintf(format, escape(place)))
	if err := c.call(ctx, c.media, operation, body, true, nil); err != nil {
		return nil, err
	}
	return c.Texts(ctx)
}

// pictureConfiguration returns the token of the first picture's configuration.
func (c *Client) pictureConfiguration(ctx context.Context) (string, error) {
	address, err := c.mediaService(ctx)
	if err != nil {
		return "", err
	}
	var r struct {
		Profiles []struct {
			VideoSourceConfiguration struct {
				Token string `xml:"token,attr"`
			}
		}
	}
	if err := c.call(ctx, address, "GetProfiles", `<w:GetProfiles/>`, true, &r); err != nil {
		return "", err
	}
	for _, p := range r.Profiles {
		if t := strings.TrimSpace(p.VideoSourceConfiguration.Token); t != "" {
			return t, nil
		}
	}
	return "", fmt.Errorf("%s: GetProfiles: %w", c.host, ErrNoPlace)
}

// SetNTP has the device ask the given time server, a name or an address, and returns those that it asks
// then. It takes its time from there from now on; its zone and
// summer time are left alone.
func (c *Client) SetNTP(ctx context.Context, server string) ([]string, error) {
	kind, element := "DNS", "DNSname"
	if a, err := netip.ParseAddr(server); err == nil {
		kind, element = "IPv4", "IPv4Address"
		if a.Is6() {
			kind, element = "IPv6", "IPv6Address"
		}
	}
	body := fmt.Sprintf(`<w:SetNTP><w:FromDHCP>false</w:FromDHCP><w:NTPManual><t:Type>%s</t:Type><t:%[2]s>%[3]s</t:%[2]s></w:NTPManual></w:SetNTP>`, kind, element, escape(server))
	if err := c.call(ctx, c.device(), "SetNTP", body, true, nil); err != nil {
		return nil, err
	}
	at, err := c.Clock(ctx)
	if err != nil {
		return nil, err
	}
	if !at.NTP {
		zone := ""
		if at.Zone != "" {
			zone = `<w:TimeZone><t:TZ>` + escape(at.Zone) + `</t:TZ></w:TimeZone>`
		}
		body := fmt.Sprintf(`<w:SetSystemDateAndTime><w:DateTimeType>NTP</w:DateTimeType><w:DaylightSavings>%t</w:DaylightSavings>%s</w:SetSystemDateAndTime>`, at.Summer, zone)
		if err := c.call(ctx, c.device(), "SetSystemDateAndTime", body, true, nil); err != nil {
			return nil, err
		}
	}
	return c.NTP(ctx)
}
