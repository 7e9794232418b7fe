package monitor

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Dashboard is a page of Grafana.
type Dashboard struct {
	File  string // its name in deploy/grafana, and its uid
	Title Text
	Rooms bool // it has a choice of rooms, $room
	Rows  [][]Panel
}

// Panel is one picture of a dashboard.
type Panel struct {
	Title Text
	Kind  string // stat, timeseries, table or state-timeline
	Unit  string // as Grafana names units: s, bytes, percentunit, Bps …
	// Queries are PromQL, each with the legend of its series.
	Queries []Query
	Bad     string // stat and state-timeline: "low" (below 1) or "high" (1 and more) is red; empty: no colour
	Signed  bool   // values may be below 0
	// Says are the words for 0 and 1, of what can be nothing else.
	Says *[2]Text
	// Words are what the values of the legend's label In are called: a legend shows no code.
	Words map[string]Text
	In    string
}

// Query is an expression with how its series are called.
type Query struct{ Expr, Legend string }

// JSON returns the dashboard as Grafana imports it.
func (d Dashboard) JSON() ([]byte, error) {
	source := map[string]any{"type": "prometheus", "uid": "${datasource}"}
	panels := []any{}
	y := 0
	for r, row := range d.Rows {
		width := 24 / len(row)
		height := 8
		switch {
		case row[0].Kind == "stat":
			height = 4
		case slices.ContainsFunc(row, func(p Panel) bool { return p.Words != nil }):
			height = 10 // a legend in words, twice, is longer
		}
		for i, p := range row {
			targets := []any{}
			for n, q := range p.Queries {
				targets = append(targets, map[string]any{
					"refId": string(rune('A' + n)), "datasource": source, "expr": q.Expr, "legendFormat": q.Legend,
					"instant": p.Kind == "table" || p.Kind == "stat", "format": map[bool]string{true: "table", false: "time_series"}[p.Kind == "table"],
				})
			}
			panel := map[string]any{
				"id": 100*r + i + 1, "type": p.Kind, "title": both(p.Title), "datasource": source, "targets": targets,
				"gridPos":     map[string]int{"x": i * width, "y": y, "w": width, "h": height},
				"fieldConfig": map[string]any{"defaults": p.defaults(), "overrides": p.overrides()},
				"options":     map[string]any{"legend": map[string]any{"displayMode": "list", "placement": "bottom"}},
			}
			if p.Kind == "table" {
				panel["transformations"] = []any{columns()}
			}
			panels = append(panels, panel)
		}
		y += height
	}
	variables := []any{map[string]any{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}}
	if d.Rooms {
		variables = append(variables, map[string]any{
			"name": "room", "type": "query", "datasource": source, "label": "Room · 房间", "query": "label_values(roomrec_room_fit, room)",
			"refresh": 2, "multi": true, "includeAll": true, "allValue": ".+", "current": map[string]any{"text": "All", "value": "$__all"},
		})
	}
	b, err := json.MarshalIndent(map[string]any{
		"uid": d.File, "title": "roomrec: " + both(d.Title), "tags": []string{"roomrec"}, "schemaVersion": 38, "editable": true,
		"refresh": "10s", "time": map[string]string{"from": "now-6h", "to": "now"}, "timezone": "browser",
		"templating": map[string]any{"list": variables}, "panels": panels,
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", d.File, err)
	}
	return append(b, '\n'), nil
}

// columns name those of a table, which shows neither the time of the query nor the value, always 1. A
// query that has other labels than these sums them away.
func columns() map[string]any {
	names, places := map[string]string{}, map[string]int{}
	for i, c := range []struct {
		label string
		Text
	}{
		{"room", Text{En: "Room", Zh: "房间"}},
		{"state", Text{En: "State", Zh: "状态"}},
		{"fault", Text{En: "Fault", Zh: "故障"}},
		{"subject", Text{En: "About", Zh: "对象"}},
	} {
		names[c.label], places[c.label] = both(c.Text), i
	}
	return map[string]any{"id": "organize", "options": map[string]any{
		"excludeByName": map[string]bool{"Time": true, "Value": true}, "renameByName": names, "indexByName": places,
	}}
}

func both(t Text) string { return t.En + " · " + t.Zh }

// defaults are a panel's unit, colours and words. What is left out here Grafana fills in: a stat turns
// red from 80 on, a state timeline is green at its least and red at its most. So both are always told.
func (p Panel) defaults() map[string]any {
	out := map[string]any{"unit": p.Unit}
	switch {
	case p.Unit == "dB": // of full scale: all are below 0
		out["max"] = 0
	case !p.Signed:
		out["min"] = 0
	}
	first, then := "green", "red"
	switch p.Bad {
	case "":
		if p.Kind == "stat" || p.Kind == "state-timeline" {
			out["color"] = map[string]any{"mode": "fixed", "fixedColor": "text"}
		}
	case "low":
		first, then = "red", "green"
	}
	if p.Bad != "" {
		out["color"] = map[string]any{"mode": "thresholds"}
		out["thresholds"] = map[string]any{"mode": "absolute", "steps": []any{
			map[string]any{"color": first, "value": nil}, map[string]any{"color": then, "value": 1},
		}}
	}
	words := map[string]any{}
	if p.Says != nil {
		words["0"], words["1"] = map[string]any{"text": both(p.Says[0])}, map[string]any{"text": both(p.Says[1])}
	}
	if p.Kind == "table" {
		words = codes()
	}
	if len(words) > 0 {
		out["mappings"] = []any{map[string]any{"type": "value", "options": words}}
	}
	return out
}

// overrides give the series of a panel their names in words. Grafana applies them to what the legend's format
// gives: a series whose whole name or one part of whose name is a code is found by it. Of several that match
// the last counts.
func (p Panel) overrides() []any {
	out := []any{}
	for _, code := range slices.Sorted(maps.Keys(p.Words)) {
		for _, q := range p.Queries {
			pattern, name := "", ""
			if strings.Contains(code, " ") && len(strings.Fields(q.Legend)) > 1 { // the whole legend
				pattern, name, q.Legend = regexp.QuoteMeta(code), both(p.Words[code]), ""
			}
			for i, part := range strings.Fields(q.Legend) {
				label := strings.Trim(part, "{}")
				if i > 0 {
					pattern, name = pattern+" ", name+" "
				}
				if label == p.In {
					pattern, name = pattern+regexp.QuoteMeta(code), name+both(p.Words[code])
				} else {
					pattern, name = pattern+".*", name+"${__field.labels."+label+"}"
				}
			}
			out = append(out, map[string]any{
				"matcher":    map[string]any{"id": "byRegexp", "options": "/^" + pattern + "$/"},
				"properties": []any{map[string]any{"id": "displayName", "value": name}},
			})
		}
	}
	return out
}
