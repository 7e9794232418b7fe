package monitor

import (
	"encoding/json"
	"fmt"
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
	Bad     string // stat: "low" or "high" values are red; empty: no colour
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
		if row[0].Kind == "stat" {
			height = 4
		}
		for i, p := range row {
			targets := []any{}
			for n, q := range p.Queries {
				targets = append(targets, map[string]any{
					"refId": string(rune('A' + n)), "datasource": source, "expr": q.Expr, "legendFormat": q.Legend,
					"instant": p.Kind == "table" || p.Kind == "stat", "format": map[bool]string{true: "table", false: "time_series"}[p.Kind == "table"],
				})
			}
			panels = append(panels, map[string]any{
				"id": 100*r + i + 1, "type": p.Kind, "title": p.Title.En + " · " + p.Title.Zh, "datasource": source, "targets": targets,
				"gridPos":     map[string]int{"x": i * width, "y": y, "w": width, "h": height},
				"fieldConfig": map[string]any{"defaults": p.defaults(), "overrides": []any{}},
				"options":     map[string]any{"legend": map[string]any{"displayMode": "list", "placement": "bottom"}},
			})
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
		"uid": d.File, "title": "roomrec: " + d.Title.En + " · " + d.Title.Zh, "tags": []string{"roomrec"}, "schemaVersion": 38, "editable": true,
		"refresh": "10s", "time": map[string]string{"from": "now-6h", "to": "now"}, "timezone": "browser",
		"templating": map[string]any{"list": variables}, "panels": panels,
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", d.File, err)
	}
	return append(b, '\n'), nil
}

// defaults are a panel's unit and colours: red is bad, green is good.
func (p Panel) defaults() map[string]any {
	out := map[string]any{"unit": p.Unit, "min": 0}
	if p.Unit == "dB" { // of full scale: all are below 0
		out = map[string]any{"unit": p.Unit, "max": 0}
	}
	first, then := "green", "red"
	switch p.Bad {
	case "":
		return out
	case "low":
		first, then = "red", "green"
	}
	out["thresholds"] = map[string]any{"mode": "absolute", "steps": []any{
		map[string]any{"color": first, "value": nil}, map[string]any{"color": then, "value": 1},
	}}
	return out
}
