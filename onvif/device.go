package onvif

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// Identity is who a device says that it is. Serial and MAC tell a device from one that was put in its
// place.
type Identity struct {
	Manufacturer string `json:"manufacturer"`
	Model        string `json:"model"`
	Firmware     string `json:"firmware"`
	Serial       string `json:"serial"`
	MAC          string `json:"mac,omitempty"` // of its first interface that is on; empty if it tells none
}

// Identity asks who the device is.
func (c *Client) Identity(ctx context.Context) (Identity, error) {
	var r struct{ Manufacturer, Model, FirmwareVersion, SerialNumber string }
	if err := c.call(ctx, c.device(), "GetDeviceInformation", `<w:GetDeviceInformation/>`, true, &r); err != nil {
		return Identity{}, err
	}
	id := Identity{clean(r.Manufacturer), clean(r.Model), clean(r.FirmwareVersion), clean(r.SerialNumber), ""}
	var n struct {
		NetworkInterfaces []struct {
			Enabled string
			Info    struct{ HwAddress string }
		}
	}
	if err := c.call(ctx, c.device(), "GetNetworkInterfaces", `<w:GetNetworkInterfaces/>`, true, &n); err != nil {
		return id, nil //nolint:nilerr // some devices tell it to administrators only
	}
	for _, i := range n.NetworkInterfaces {
		mac, err := net.ParseMAC(strings.TrimSpace(i.Info.HwAddress))
		if err == nil && strings.TrimSpace(i.Enabled) != "false" {
			id.MAC = mac.String()
			break
		}
	}
	return id, nil
}

// Profile is one of a device's streams.
type Profile struct {
	Token    string `json:"token"`
	Name     string `json:"name"`
	Source   string `json:"source"` // token of the video source: the channel, on a recorder
	Encoding string `json:"encoding"`
	Width    int    `json:"width"`
	Height   int    `json:"height"`
	Sound    string `json:"sound,omitempty"` // its encoding; empty if the profile has none
	Interval int    `json:"key_interval"`    // pictures from one key picture to the next; 0 if untold
}

// Profiles returns the device's streams in its own order, the main one first on most devices.
func (c *Client) Profiles(ctx context.Context) ([]Profile, error) {
	address, err := c.mediaService(ctx)
	if err != nil {
		return nil, err
	}
	var r struct {
		Profiles []struct {
			Token                     string `xml:"token,attr"`
			Name                      string
			VideoSourceConfiguration  struct{ SourceToken string }
			AudioEncoderConfiguration struct{ Encoding string }
			VideoEncoderConfiguration struct {
				Encoding   string
				Resolution struct{ Width, Height int }
				H264       struct{ GovLength int }
			}
		}
	}
	if err := c.call(ctx, address, "GetProfiles", `<w:GetProfiles/>`, true, &r); err != nil {
		return nil, err
	}
	var out []Profile
	for _, p := range r.Profiles {
		v := p.VideoEncoderConfiguration
		out = append(out, Profile{
			Token: p.Token, Name: clean(p.Name), Source: clean(p.VideoSourceConfiguration.SourceToken), Encoding: clean(v.Encoding),
			Width: v.Resolution.Width, Height: v.Resolution.Height, Sound: clean(p.AudioEncoderConfiguration.Encoding), Interval: v.H264.GovLength,
		})
	}
	return out, nil
}

// mediaService returns where the media service is. Its host is the one that was asked, whatever the
// device says: behind a recorder or a translated address it names one that cannot be reached.
func (c *Client) mediaService(ctx context.Context) (string, error) {
	if c.media != "" {
		return c.media, nil
	}
	var r struct {
		Capabilities struct{ Media struct{ XAddr string } }
	}
	if err := c.call(ctx, c.device(), "GetCapabilities", `<w:GetCapabilities><w:Category>Media</w:Category></w:GetCapabilities>`, true, &r); err != nil {
		return "", err
	}
	u, err := url.Parse(strings.TrimSpace(r.Capabilities.Media.XAddr))
	if err != nil || u.Path == "" || u.Path == "/onvif/device_service" && u.Host == "" {
		return "", fmt.Errorf("%s: GetCapabilities: %w: it names no media service", c.host, ErrUnsupported)
	}
	c.media = (&url.URL{Scheme: "http", Host: c.host, Path: u.Path, RawQuery: u.RawQuery}).String()
	return c.media, nil
}

// Stream returns the RTSP address of a profile, without user and password, on the host that was asked.
func (c *Client) Stream(ctx context.Context, profile string) (string, error) {
	address, err := c.mediaService(ctx)
	if err != nil {
		return "", err
	}
	var r struct {
		MediaUri struct{ Uri string } //nolint:revive,staticcheck // the specification's name
	}
	body := `<w:GetStreamUri><w:StreamSetup><t:Stream>RTP-Unicast</t:Stream><t:Transport><t:Protocol>RTSP</t:Protocol></t:Transport></w:StreamSetup><w:ProfileToken>` +
		escape(profile) + `</w:ProfileToken></w:GetStreamUri>`
	if err := c.call(ctx, address, "GetStreamUri", body, true, &r); err != nil {
		return "", err
	}
	u, err := url.Parse(strings.TrimSpace(r.MediaUri.Uri))
	if err != nil || u.Scheme != "rtsp" && u.Scheme != "rtsps" {
		return "", fmt.Errorf("%s: GetStreamUri: the device names no RTSP address", c.host)
	}
	host, _, splitting := net.SplitHostPort(c.host)
	if splitting != nil {
		host = strings.Trim(c.host, "[]")
	}
	port := u.Port()
	switch {
	case port != "":
		u.Host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		u.Host = "[" + host + "]"
	default:
		u.Host = host
	}
	u.User = nil
	return u.String(), nil
}

// Text is a line that a device writes into its picture.
type Text struct {
	Token  string `json:"token"`
	Kind   string `json:"kind"`             // DateAndTime, Date, Time or Plain
	Plain  string `json:"plain,omitempty"`  // what stands there, for Plain
	Date   string `json:"date,omitempty"`   // its format, as in yyyy-MM-dd
	Time   string `json:"time,omitempty"`   // its format, as in HH:mm:ss
	Source string `json:"source,omitempty"` // token of the picture's configuration
	// Place is where it stands: UpperLeft, UpperRight, LowerLeft, LowerRight or Custom.
	Place string `json:"place,omitempty"`
}

// ShowsTime reports whether the line shows date and 24-hour time (Z26). A device that tells no format
// is believed to.
func (t Text) ShowsTime() bool {
	return t.Kind == "DateAndTime" && !strings.Contains(t.Time, "h:") && !strings.Contains(t.Time, "tt")
}

// TimeShown reports whether lines show date and 24-hour time, in one line or in two in the same picture.
func TimeShown(texts []Text) bool {
	for _, t := range texts {
		if t.ShowsTime() {
			return true
		}
		if t.Kind != "Time" || strings.Contains(t.Time, "h:") || strings.Contains(t.Time, "tt") {
			continue
		}
		if slices.ContainsFunc(texts, func(d Text) bool { return d.Kind == "Date" && d.Source == t.Source }) {
			return true
		}
	}
	return false
}

// Texts returns what the device writes into its pictures. Older devices do not tell: [ErrUnsupported].
func (c *Client) Texts(ctx context.Context) ([]Text, error) {
	address, err := c.mediaService(ctx)
	if err != nil {
		return nil, err
	}
	var r struct {
		OSDs []struct {
			Token                         string `xml:"token,attr"`
			VideoSourceConfigurationToken string
			Position                      struct{ Type string }
			TextString                    struct{ Type, DateFormat, TimeFormat, PlainText string }
		}
	}
	if err := c.call(ctx, address, "GetOSDs", `<w:GetOSDs/>`, true, &r); err != nil {
		return nil, err
	}
	var out []Text
	for _, o := range r.OSDs {
		s := o.TextString
		out = append(out, Text{Token: o.Token, Kind: clean(s.Type), Plain: clean(s.PlainText), Date: clean(s.DateFormat), Time: clean(s.TimeFormat), Source: clean(o.VideoSourceConfigurationToken), Place: clean(o.Position.Type)})
	}
	return out, nil
}
