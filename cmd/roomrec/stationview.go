package main

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"roomrec/evidence/seal"
	"roomrec/panel"
	"roomrec/session"
)

// Station tells what the controller is made of.
func (st *station) Station(context.Context) (panel.StationView, error) {
	v := panel.StationView{Volumes: []panel.StationVolume{}, Keys: []panel.StationKey{}}
	paths := make(map[string]string)
	for _, vol := range st.disks.all() {
		paths[vol.ID()] = vol.Dir()
	}
	// As the rooms show them: asking a disk that hangs would hang the page too.
	var volumes []session.VolumeView
	if rooms := st.manager.Rooms(); len(rooms) > 0 {
		volumes = rooms[0].Volumes
	}
	for _, view := range volumes {
		v.Volumes = append(v.Volumes, panel.StationVolume{VolumeView: view, Path: paths[view.ID]})
	}
	present := ""
	if key, err := st.sealKey(); err == nil {
		present = key.Verifier()
		v.Keys = append(v.Keys, panel.StationKey{Text: present, Present: true})
	} else {
		st.log.Error().Err(err).Msg("the key cannot be used")
	}
	old, err := seal.RememberedText(filepath.Join(st.setup.stateDir, keysFolder))
	if err != nil {
		return v, err
	}
	slices.Sort(old)
	for _, text := range old {
		if text = strings.TrimSpace(text); text != present {
			v.Keys = append(v.Keys, panel.StationKey{Text: text})
		}
	}
	if st.sessions != nil {
		v.Log = panel.StationLog{Kept: true, Entries: st.sessions.Size()}
	}
	s := st.setup
	v.Settings = []panel.Setting{
		{Key: "zone", Value: s.zone.Name()},
		{Key: "session.closing", Value: s.closing.String()},
		{Key: "self_test.daily", Value: s.tests},
		{Key: "clock.source", Value: s.clockSource},
		{Key: "clock.limit", Value: s.clockLimit.String()},
		{Key: "clock.servers", Value: strings.Join(s.clockServers, ", ")},
	}
	v.Settings = append(v.Settings, settingsOf("policy", s.policy)...)
	v.Settings = append(v.Settings, settingsOf("faults", s.faults)...)
	return v, nil
}

// settingsOf lists the settings of a section of the configuration by their keys.
func settingsOf(section string, of any) []panel.Setting {
	var out []panel.Setting
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		value := fmt.Sprint(v.Field(i).Interface())
		if list, ok := v.Field(i).Interface().([]string); ok {
			value = strings.Join(list, ", ")
		}
		out = append(out, panel.Setting{Key: section + "." + key, Value: value})
	}
	return out
}
