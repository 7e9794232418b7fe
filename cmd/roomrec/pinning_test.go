package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"roomrec/onvif"
)

func TestStreamsByTheirMaker(t *testing.T) {
	for address, want := range map[string]candidate{
		"rtsp://192.0.2.31/main":         {url: "rtsp://192.0.2.31/main"},
		"rtsps://192.0.2.31/main":        {url: "rtsps://192.0.2.31/main"},
		"hikvision://192.0.2.40/3":       {url: "rtsp://192.0.2.40/Streaming/Channels/301", live: "rtsp://192.0.2.40/Streaming/Channels/302", vendor: "hikvision", at: "192.0.2.40", channel: 3},
		"hanwha://192.0.2.40:8554/1":     {url: "rtsp://192.0.2.40:8554/LiveChannel/0/media.smp", vendor: "hanwha", at: "192.0.2.40:8554", channel: 1},
		"dahua://nvr.example":            {url: "rtsp://nvr.example/cam/realmonitor?channel=1&subtype=0", live: "rtsp://nvr.example/cam/realmonitor?channel=1&subtype=1", vendor: "dahua", at: "nvr.example"},
		"tiandy://[2001:db8::7]:8554/12": {url: "rtsp://[2001:db8::7]:8554/12/1", live: "rtsp://[2001:db8::7]:8554/12/2", vendor: "tiandy", at: "[2001:db8::7]:8554", channel: 12},
	} {
		var got candidate
		require.NoError(t, got.stream(address), address)
		require.Equal(t, want, got, address)
	}
	for address, says := range map[string]string{
		"rtsp://admin:secret-7@192.0.2.31/x":  "no password belongs into an address",
		"kodak://192.0.2.40/3":                "hikvision, dahua",
		"generic://192.0.2.40":                "hikvision, dahua",
		"hikvision:///3":                      "is not a host",
		"hikvision://u:secret-7@192.0.2.40/3": "is not a host",
		"hikvision://192.0.2.40/0":            "1 to 999",
		"hikvision://192.0.2.40/three":        "1 to 999",
		"hikvision://192.0.2.40/1000":         "1 to 999",
	} {
		err := new(candidate).stream(address)
		require.ErrorContains(t, err, says, address)
		require.NotContains(t, err.Error(), "secret-7")
	}
}

func TestARecorderSaysHowItsChannelsAreNamed(t *testing.T) {
	info := deviceInfo{Identity: onvif.Identity{Manufacturer: "Dahua Technology"}}
	for _, source := range []string{"1", "1", "2", "3"} {
		info.Streams = append(info.Streams, streamInfo{Profile: onvif.Profile{Source: source}})
	}
	says := recorderAdvice("192.0.2.40:80", info)
	require.Len(t, says, 1)
	require.Contains(t, says[0], "3 channels")
	require.Contains(t, says[0], "dahua://192.0.2.40/2")
	info.Streams = info.Streams[:2]
	require.Empty(t, recorderAdvice("192.0.2.40", info), "a camera with two streams")
}
