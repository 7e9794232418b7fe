package monitor

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// dashboardFile is what Grafana's classic dashboard JSON model (its documentation, "Dashboard JSON model", schema 38,
// which Grafana 10 and later read) says of the fields that our dashboards use.
type dashboardFile struct {
	UID           string
	Title         string
	SchemaVersion int
	Refresh       string
	Time          struct{ From, To string }
	Templating    struct {
		List []struct {
			Name, Type, AllValue string
			Query                any // a text, or an object of the data source
			Datasource           *dataSource
		}
	}
	Panels []struct {
		ID          int
		Type, Title string
		Datasource  dataSource
		GridPos     struct{ H, W, X, Y int }
		Targets     []struct {
			Datasource          dataSource
			RefID, Expr, Format string
		}
		FieldConfig struct {
			Defaults struct {
				Unit     string
				Color    struct{ Mode string }
				Mappings []struct {
					Type    string
					Options map[string]struct{ Text, Color string }
				}
				Thresholds *struct {
					Mode  string
					Steps []struct {
						Color string
						Value *float64
					}
				}
			}
			Overrides *[]struct {
				Matcher    struct{ ID, Options string }
				Properties []struct{ ID, Value string }
			}
		}
		Transformations []struct{ ID string }
	}
}

type dataSource struct{ Type, UID string }

// TestDashboardsAreOfTheDocumentedSchema holds the files that are installed against Grafana's documented model: no
// Grafana is here that could show them.
func TestDashboardsAreOfTheDocumentedSchema(t *testing.T) {
	variable := regexp.MustCompile(`\$(?:\{(\w+)[^}]*\}|([a-z]\w*))`)
	prometheus := dataSource{"prometheus", "${datasource}"}
	uids := make(map[string]bool)
	for _, file := range Dashboards() {
		text, err := os.ReadFile("../grafana/" + file.File + ".json")
		require.NoError(t, err)
		var d dashboardFile
		require.NoError(t, json.Unmarshal(text, &d))
		require.Equal(t, 38, d.SchemaVersion)
		require.Regexp(t, `^[a-zA-Z0-9_-]{8,40}$`, d.UID)
		require.False(t, uids[d.UID], "two dashboards of one uid replace each other")
		uids[d.UID] = true
		require.NotEmpty(t, d.Title)
		require.Regexp(t, `^\d+s$`, d.Refresh)
		require.Regexp(t, `^now-\d+[hd]$`, d.Time.From)
		require.Equal(t, "now", d.Time.To)

		known := []string{"__field"} // of a series: its labels
		for i, v := range d.Templating.List {
			switch v.Type {
			case "datasource":
				require.Zero(t, i, "the others are asked of it")
				require.Equal(t, "prometheus", v.Query)
			case "query":
				require.Equal(t, &prometheus, v.Datasource)
			default:
				require.Fail(t, "a variable of another type", v.Type)
			}
			known = append(known, v.Name)
		}
		for _, m := range variable.FindAllStringSubmatch(string(text), -1) {
			require.Contains(t, known, m[1]+m[2], "%s: %s", file.File, m[0])
		}

		ids, taken := make(map[int]bool), make(map[[2]int]string)
		for _, p := range d.Panels {
			require.NotZero(t, p.ID)
			require.False(t, ids[p.ID], p.Title)
			ids[p.ID] = true
			require.Contains(t, []string{"stat", "timeseries", "table", "state-timeline"}, p.Type, "panels that Grafana brings itself")
			require.Equal(t, prometheus, p.Datasource, p.Title)
			require.True(t, p.GridPos.W > 0 && p.GridPos.H > 0 && p.GridPos.X >= 0 && p.GridPos.X+p.GridPos.W <= 24, "%s: the grid has 24 columns", p.Title)
			for x := range p.GridPos.W {
				for y := range p.GridPos.H {
					cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
					require.Empty(t, taken[cell], "%s lies over it", p.Title)
					taken[cell] = p.Title
				}
			}
			var refs []string
			for _, q := range p.Targets {
				require.Equal(t, prometheus, q.Datasource, p.Title)
				require.Contains(t, []string{"time_series", "table"}, q.Format, p.Title)
				require.Equal(t, p.Type == "table", q.Format == "table", p.Title)
				require.NotEmpty(t, q.Expr)
				require.Regexp(t, `^[A-Z]$`, q.RefID)
				require.NotContains(t, refs, q.RefID, p.Title)
				refs = append(refs, q.RefID)
			}
			require.NotEmpty(t, refs, p.Title)
			f := p.FieldConfig
			require.NotNil(t, f.Overrides, p.Title)
			for _, o := range *f.Overrides {
				require.Equal(t, "byRegexp", o.Matcher.ID, "matches the name that the legend gives a series")
				require.Regexp(t, `^/\^.+\$/$`, o.Matcher.Options)
				_, err := regexp.Compile(strings.Trim(o.Matcher.Options, "/"))
				require.NoError(t, err)
				require.Len(t, o.Properties, 1)
				require.Equal(t, "displayName", o.Properties[0].ID)
				require.NotEmpty(t, o.Properties[0].Value)
			}
			require.Contains(t, []string{"", "s", "bytes", "Bps", "percentunit", "dB"}, f.Defaults.Unit, "ids of Grafana's units")
			require.Contains(t, []string{"", "fixed", "thresholds"}, f.Defaults.Color.Mode)
			require.Equal(t, f.Defaults.Color.Mode == "thresholds", f.Defaults.Thresholds != nil, p.Title)
			if th := f.Defaults.Thresholds; th != nil {
				require.Equal(t, "absolute", th.Mode)
				require.Nil(t, th.Steps[0].Value, "the first is from minus infinity on")
				for i, step := range th.Steps {
					require.NotEmpty(t, step.Color)
					if i > 0 {
						require.NotNil(t, step.Value)
					}
					if i > 1 {
						require.Greater(t, *step.Value, *th.Steps[i-1].Value)
					}
				}
			}
			for _, m := range f.Defaults.Mappings {
				require.Equal(t, "value", m.Type)
				require.NotEmpty(t, m.Options)
				for _, o := range m.Options {
					require.NotEmpty(t, o.Text)
				}
			}
			require.False(t, slices.ContainsFunc(p.Transformations, func(x struct{ ID string }) bool { return x.ID != "organize" }), p.Title)
		}
	}
}
