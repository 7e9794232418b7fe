package panel_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"roomrec/access"
)

// Days and months are written and chosen in the page's own language, not in the browser's: what is no day is told,
// and finds nothing.
func TestDaysAndMonthsAreOfThePage(t *testing.T) {
	b, p := guarded(t, &kept{})
	require.NoError(t, b.Set("room3", "sealed"))
	v, _ := b.Room("room3")
	loc, err := time.LoadLocation(v.Zone)
	require.NoError(t, err)
	opened := v.Session.Opened.In(loc)
	for day, found := range map[string]bool{
		opened.Format("2006-01-02"): true, opened.Format("2006/1/2"): true, opened.Format(" 2006年1月2日"): true, "": true,
		opened.AddDate(0, 0, 1).Format("2006-01-02"): false,
	} {
		code, text := asked(t, p.Handler(), "POST", "/sessions", access.Reviewer, "from="+url.QueryEscape(day), "Content-Type", "application/x-www-form-urlencoded")
		require.Equal(t, http.StatusOK, code, day)
		require.Equal(t, found, strings.Contains(text, v.Session.ID), day)
	}
	for _, day := range []string{"yesterday", "2026-02-30", "2026-11", "28.11.2026"} {
		code, text := asked(t, p.Handler(), "POST", "/sessions", access.Reviewer, "to="+url.QueryEscape(day), "Content-Type", "application/x-www-form-urlencoded")
		require.Equal(t, http.StatusUnprocessableEntity, code, day)
		require.Contains(t, text, `data-testid="bad-day"`, day)
		require.NotContains(t, text, v.Session.ID, day)
		code, text = asked(t, p.Handler(), "GET", "/accesses?from="+url.QueryEscape(day), access.Auditor, "")
		require.Equal(t, http.StatusUnprocessableEntity, code, day)
		require.Contains(t, text, `data-testid="bad-day"`, day)
	}
	for query, month := range map[string]string{"": opened.Format("2006-01"), "?year=2024&of=02": "2024-02", "?month=2019-12": "2019-12", "?year=1999&of=12": "1999-12"} {
		code, text := asked(t, p.Handler(), "GET", "/transcripts"+query, access.Reviewer, "")
		require.Equal(t, http.StatusOK, code, query)
		require.Contains(t, text, `transcripts.csv?month=`+month, query)
		require.Contains(t, text, `<option selected>`+month[:4], query)
		require.Contains(t, text, `<option value="`+month[5:]+`" selected>`, query)
		require.NotContains(t, text, `type="month"`)
	}
	for _, query := range []string{"?year=2024&of=13", "?year=2024", "?year=x&of=01"} {
		code, _ := asked(t, p.Handler(), "GET", "/transcripts"+query, access.Reviewer, "")
		require.Equal(t, http.StatusNotFound, code, query)
	}
}
