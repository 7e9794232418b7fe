package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStreams(t *testing.T) {
	for _, c := range []struct {
		vendor     string
		channel    int
		main, live string
	}{
		{"hikvision", 0, "/Streaming/Channels/101", "/Streaming/Channels/102"},
		{"hikvision", 1, "/Streaming/Channels/101", "/Streaming/Channels/102"},
		{"hikvision", 3, "/Streaming/Channels/301", "/Streaming/Channels/302"},
		{"hikvision", 12, "/Streaming/Channels/1201", "/Streaming/Channels/1202"},
		{"dahua", 0, "/cam/realmonitor?channel=1&subtype=0", "/cam/realmonitor?channel=1&subtype=1"},
		{"dahua", 3, "/cam/realmonitor?channel=3&subtype=0", "/cam/realmonitor?channel=3&subtype=1"},
		{"uniview", 0, "/media/video1", "/media/video2"},
		{"uniview", 3, "/unicast/c3/s0/live", "/unicast/c3/s1/live"},
		{"axis", 0, "/axis-media/media.amp?videocodec=h264", "/axis-media/media.amp?videocodec=h264&resolution=640x360"},
		{"axis", 3, "/axis-media/media.amp?videocodec=h264&camera=3", ""},
		{"hanwha", 0, "/profile2/media.smp", ""},
		{"hanwha", 1, "/LiveChannel/0/media.smp", ""}, // counts from 0
		{"hanwha", 3, "/LiveChannel/2/media.smp", ""},
		{"tiandy", 0, "/1/1", "/1/2"},
		{"tiandy", 3, "/3/1", "/3/2"},
	} {
		main, live, ok := Streams(c.vendor, "192.0.2.31", c.channel)
		require.True(t, ok)
		require.Equal(t, "rtsp://192.0.2.31"+c.main, main, "%s %d", c.vendor, c.channel)
		if c.live != "" {
			c.live = "rtsp://192.0.2.31" + c.live
		}
		require.Equal(t, c.live, live, "%s %d", c.vendor, c.channel)
	}
	main, _, _ := Streams("tiandy", "2001:db8::7", 0)
	require.Equal(t, "rtsp://[2001:db8::7]/1/1", main)
	main, _, _ = Streams("tiandy", "nvr.example:8554", 2)
	require.Equal(t, "rtsp://nvr.example:8554/2/1", main)
	for _, none := range []string{"generic", "", "kodak"} {
		_, _, ok := Streams(none, "192.0.2.31", 0)
		require.False(t, ok)
	}
	for _, name := range withAddresses {
		require.NotEmpty(t, vendors[name].main)
	}
	require.Len(t, vendors, len(withAddresses)+1, "generic has no addresses")
}

func TestVendorFillsInAddresses(t *testing.T) {
	parse := func(lines string) (*Config, error) {
		return Parse("room.yaml", []byte(strings.Replace(minimal, "url: rtsp://192.0.2.31/main", lines, 1)))
	}
	_, err := parse("{vendor: hikvision, host: 192.0.2.31, channel: 3}")
	require.Error(t, err, "not a line of a camera")
	c, err := parse("vendor: hikvision\n        host: 192.0.2.31\n        channel: 3")
	require.NoError(t, err)
	cam := c.Rooms[0].Cameras[0]
	require.Equal(t, "rtsp://192.0.2.31/Streaming/Channels/301", cam.URL)
	require.Equal(t, "rtsp://192.0.2.31/Streaming/Channels/302", cam.Live.URL)

	c, err = parse("vendor: hikvision\n        host: 192.0.2.31\n        live: {url: 'rtsp://192.0.2.31/mine'}")
	require.NoError(t, err)
	require.Equal(t, "rtsp://192.0.2.31/mine", c.Rooms[0].Cameras[0].Live.URL, "what is written wins")

	c, err = parse("vendor: axis\n        host: '192.0.2.31:8554'\n        serial: ACCC8E")
	require.NoError(t, err)
	require.Equal(t, "192.0.2.31", c.Rooms[0].Cameras[0].ONVIF, "a pinned device is asked at its host")

	c, err = parse("vendor: generic\n        url: rtsp://192.0.2.31/main")
	require.NoError(t, err)
	require.Nil(t, c.Rooms[0].Cameras[0].Live)

	for lines, says := range map[string]string{
		"vendor: kodak\n        host: 192.0.2.31": "hikvision, dahua",
		"vendor: dahua":                    "missing, although a vendor is named",
		"vendor: dahua\n        host: a/b": "is not a host",
		"vendor: dahua\n        host: 192.0.2.31\n        channel: 1000":           "channel",
		"vendor: dahua\n        host: 192.0.2.31\n        url: rtsp://192.0.2.9/x": "named twice",
		"vendor: generic\n        host: 192.0.2.31\n        channel: 2":            "no vendor says how",
		"vendor: generic\n        host: 192.0.2.31":                                "missing",
	} {
		_, err := parse(lines)
		require.ErrorContains(t, err, says, lines)
	}

	// Two channels of one recorder are two cameras; the same channel twice is a mistake.
	two := strings.Replace(minimal, "url: rtsp://192.0.2.31/main", "vendor: dahua\n        host: 192.0.2.31\n        channel: 1", 1)
	_, err = Parse("room.yaml", []byte(two+"      - {id: b, vendor: dahua, host: 192.0.2.31, channel: 2}\n"))
	require.NoError(t, err)
	_, err = Parse("room.yaml", []byte(two+"      - {id: b, vendor: dahua, host: 192.0.2.31, channel: 1}\n"))
	require.ErrorContains(t, err, "an address of its own for every camera")
}
