package catalog

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Collector shows Prometheus how many sessions of each sort there are. It asks the catalogue when it
// is scraped. No label names a case or a person.
type Collector struct{ catalog *Catalog }

// NewCollector returns a collector over c, which must stay open as long as it is asked.
func NewCollector(c *Catalog) *Collector { return &Collector{catalog: c} }

var (
	descSealed      = prometheus.NewDesc("roomrec_sessions_sealed", "Sealed sessions by verdict (none: not verified yet) and by how they ended.", []string{"verdict", "ending"}, nil)
	descInterrupted = prometheus.NewDesc("roomrec_sessions_interrupted", "Sealed sessions that were interrupted at least once.", nil, nil)
	descOpen        = prometheus.NewDesc("roomrec_sessions_not_sealed", "Sessions that were opened and are not sealed.", nil, nil)
	descUnverified  = prometheus.NewDesc("roomrec_sessions_unverified_since_timestamp_seconds", "When the oldest session that is sealed and not verified was sealed; absent if there is none.", nil, nil)
)

// Describe is for the registry.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- descSealed
	ch <- descInterrupted
	ch <- descOpen
	ch <- descUnverified
}

// collectTime is for how long a scrape waits for the catalogue. A catalogue that does not answer costs
// these numbers only, and is counted in roomrec_catalog_errors_total.
const collectTime = 5 * time.Second

// Collect is for the registry.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTime)
	defer cancel()
	n, err := c.catalog.counts(ctx)
	if err != nil {
		return
	}
	give := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for of, count := range n.sealed {
		give(descSealed, float64(count), of.verdict, of.ending)
	}
	give(descInterrupted, float64(n.interrupted))
	give(descOpen, float64(n.open))
	if n.unverified != 0 {
		give(descUnverified, float64(n.unverified)/float64(time.Second))
	}
}

// counts are the numbers of sessions of each sort.
type counts struct {
	sealed      map[sealedAs]int64
	interrupted int64
	open        int64
	unverified  int64 // when the oldest was sealed, nanoseconds since 1970; 0 if there is none
}

type sealedAs struct{ verdict, ending string }

func (c *Catalog) counts(ctx context.Context) (counts, error) {
	n := counts{sealed: make(map[sealedAs]int64)}
	err := c.transact(ctx, func(tx *sql.Tx) (err error) {
		if err := tx.QueryRowContext(ctx, `
			SELECT count(*) FILTER (WHERE seal_hash <> '' AND interruptions > 0),
			       count(*) FILTER (WHERE seal_hash = ''),
			       coalesce(min(sealed) FILTER (WHERE seal_hash <> '' AND verdict = ''), 0)
			FROM sessions`).Scan(&n.interrupted, &n.open, &n.unverified); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `
			SELECT CASE verdict WHEN '' THEN 'none' ELSE verdict END, ending, count(*)
			FROM sessions WHERE seal_hash <> '' GROUP BY verdict, ending`)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var of sealedAs
			var count int64
			if err := rows.Scan(&of.verdict, &of.ending, &count); err != nil {
				return err
			}
			n.sealed[of] = count
		}
		return rows.Err()
	})
	return n, err
}
