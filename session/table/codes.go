package table

import (
	"cmp"
	"strings"
)

// Code names a fault. What each means to people stands in session's catalogue.
type Code string

// The faults.
const (
	CameraLost          Code = "camera.lost"
	CameraRefused       Code = "camera.refused"
	CameraLoss          Code = "camera.loss"
	CameraChanged       Code = "camera.changed"
	CameraExchanged     Code = "camera.exchanged"
	CameraFrozen        Code = "camera.frozen"
	CameraDark          Code = "camera.dark"
	CameraMoved         Code = "camera.moved"
	CameraSync          Code = "camera.sync"
	CameraClock         Code = "camera.clock"
	OverlayMissing      Code = "overlay.missing"
	AudioLost           Code = "audio.lost"
	AudioDead           Code = "audio.dead"
	AudioLow            Code = "audio.low"
	AudioClipped        Code = "audio.clipped"
	StorageLost         Code = "storage.lost"
	StorageDegraded     Code = "storage.degraded"
	StorageLow          Code = "storage.low"
	StorageMismatch     Code = "storage.mismatch"
	ClockUntrusted      Code = "clock.untrusted"
	ClockStepped        Code = "clock.stepped"
	ControllerRestarted Code = "controller.restarted"
	PanelLost           Code = "panel.lost"
	RoomUnopened        Code = "room.unopened"
	SelfTestFailed      Code = "selftest.failed"
	LogFailed           Code = "log.failed"
)

// Codes lists every fault in the order of the catalogue.
func Codes() []Code {
	return []Code{
		CameraLost, CameraRefused, CameraLoss, CameraChanged, CameraFrozen, CameraDark, CameraMoved,
		CameraSync, AudioLost, AudioDead, AudioLow, AudioClipped, StorageLost, StorageDegraded,
		StorageLow, StorageMismatch, ClockUntrusted, ClockStepped, CameraClock, OverlayMissing,
		ControllerRestarted, PanelLost, RoomUnopened, SelfTestFailed, CameraExchanged, LogFailed,
	}
}

// Fault is one thing that is wrong: what, and with what. Two reports with equal fields are the same
// fault.
type Fault struct {
	Code    Code   `json:"code"`
	Room    string `json:"room,omitempty"`    // empty: every room's
	Subject string `json:"subject,omitempty"` // the camera or volume it concerns
}

// Compare orders faults by code, room and subject.
func (f Fault) Compare(o Fault) int {
	return cmp.Or(strings.Compare(string(f.Code), string(o.Code)), strings.Compare(f.Room, o.Room), strings.Compare(f.Subject, o.Subject))
}
