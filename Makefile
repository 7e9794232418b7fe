# The menu: `make` shows it. CI calls the same targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Programs are pure Go. Only the race detector is linked with C.
export CGO_ENABLED := 0

FUZZTIME ?= 4s
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

.PHONY: help
help: ## show this menu
	@echo "roomrec $(VERSION)"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: ## the service with two simulated cameras; only Go is needed
	@go run ./cmd/roomrec demo

.PHONY: build
build: ## the programs, into bin/
	go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/ ./cmd/...

.PHONY: deb
deb: build ## the Debian package, into bin/
	./deploy/deb/build.sh bin "$(VERSION)" bin/roomrec.deb

.PHONY: deps
deps: ## what the tests need and this machine lacks
	@./tools/deps.sh

# What takes longest, first, in an order in which browsers run beside what waits or only computes.
HEAVY := ./panel ./e2e/faults ./cmd/roomrec ./e2e

.PHONY: test
test: deps bin/testsum ## format, vet, all tests; at most 15 minutes
	@files="$$(gofmt -l .)"; if [ -n "$$files" ]; then echo "gofmt would change:" $$files; exit 1; fi
	go vet -tags torture ./...
	@cd tools && go test ./testsum ./fuzzall
	@mkdir -p .cache
	./bin/testsum -count .cache/test.count -- -timeout 14m $(HEAVY) ./...
	@./bin/testsum -total .cache/test.count

# The long forms are tests with "Torture" in their name, in files with the build tag torture. They run
# without the race detector, whose slowness would break their limits of time. For the same reason the
# race detector does not see here what drives whole programs and browsers by the clock: make race does.
# The simulated hours come by themselves: they take all processors for minutes.
.PHONY: torture
torture: deps bin/testsum bin/fuzzall ## fuzz, the tests under the race detector, then the long forms; at most 45 minutes
	@mkdir -p .cache
	./bin/fuzzall -time $(FUZZTIME)
	CGO_ENABLED=1 ./bin/testsum -count .cache/race.count -- -race -timeout 25m -skip 'Browser|TestDemoCamerasAreWatched' $$(go list ./... | grep -v /e2e)
	./bin/testsum -count .cache/torture.count -- -tags torture -run Torture -timeout 30m $$(go list ./... | grep -v /sim)
	./bin/testsum -count .cache/sim.count -- -tags torture -run Torture -timeout 30m ./sim

SEEDS ?= 1000

.PHONY: sim
sim: ## simulate SEEDS (1000) whole sessions with random faults; what fails prints its story
	go test ./sim -run Simulation -seeds $(SEEDS) -timeout 60m -v | grep -v '^ *\(=== \|--- PASS\)'

.PHONY: race
race: bin/testsum ## all tests under the race detector
	CGO_ENABLED=1 ./bin/testsum -- -race -timeout 30m ./...

.PHONY: fuzz
fuzz: bin/fuzzall ## every fuzz target for FUZZTIME (4s)
	./bin/fuzzall -time $(FUZZTIME)

.PHONY: bench
bench: deps ## how much one recorder costs, beside ffmpeg on the same streams
	go run ./bench
	go test -run '^$$' -bench . -skip BenchmarkCameras -benchtime 100x -timeout 60m $$(go list ./... | grep -v /e2e)
	go test -run '^$$' -bench BenchmarkCameras -benchtime 3x ./evidence

.PHONY: soak
soak: deps bin/testsum bin/fuzzall ## hours: fuzz targets for 10 minutes each, the torture ten times
	./bin/fuzzall -time 10m
	./bin/testsum -- -tags torture -run Torture -count 10 -timeout 12h ./...

.PHONY: lint
lint: bin/golangci-lint ## format, vet and the linters of .golangci.yml
	go vet ./...
	./bin/golangci-lint run ./...

.PHONY: fmt
fmt: bin/golangci-lint ## format as make lint wants it
	./bin/golangci-lint fmt

.PHONY: screenshots
screenshots: deps ## pictures of every page and state, into .cache/screenshots
	go run ./panel/paneltest/serve -screenshots .cache/screenshots

.PHONY: dashboards
dashboards: deps ## pictures of the dashboards over the demo with a camera unplugged, into .cache/dashboards
	@mkdir -p .cache/dashboards
	ROOMREC_DASHBOARD_PICTURES="$(CURDIR)/.cache/dashboards" go test ./e2e -run TestZ8_PrometheusScrapesTheDemo -count 1

.PHONY: pages
pages: ## write anew what is made of the code: metrics.md, openapi.json, alerts, runbooks, dashboards, table of states
	go test ./cmd/roomrec -run 'TestMetricsAreDocumented|TestTheAPIIsDocumented' -update
	go test ./deploy/monitor -run TestFilesAreTheTables -update
	go test ./session/table -run Page -update

.PHONY: clean
clean: ## what was built here
	rm -rf bin .cache

bin/testsum bin/fuzzall: bin/%: tools/%/main.go
	@cd tools && go build -o ../bin/ ./$*

bin/golangci-lint: tools/go.mod tools/go.sum
	cd tools && GOBIN="$(CURDIR)/bin" go install tool
