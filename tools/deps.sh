#!/usr/bin/env bash
# Brings what the tests need and this machine lacks: Debian packages by apt-get, and what the browser
# tests are written with by npm. Says what it does; does nothing when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
	gcc libc6-dev                     # the race detector is linked with C
	ffmpeg                            # decodes what was recorded, and is compared with
	chromium                          # opens the pages
	fonts-noto-cjk                    # shows them in Chinese
	openssl                           # checks signatures for the verifier in Python
	curl jq                           # run the examples of the API
	python3 python3-gi gir1.2-gst-rtsp-server-1.0 # RTSP servers that no one here wrote: GStreamer
	gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
	vlc-bin vlc-plugin-base           # … and VLC
	fuse3 xfsprogs e2fsprogs          # disks that fail
	iproute2 nftables                 # networks that fail
	chrony faketime                   # time servers, also ones that lie
	prometheus                        # its promtool judges the rules, it scrapes the program
	debootstrap                       # makes a clean Debian, in which the package is installed
	systemd                           # its systemd-analyze judges the unit
	man-db zsh fish                   # read the manual pages and the completions of the package
	libreoffice-writer-nogui          # opens the transcripts that we write
)
command -v node >/dev/null || packages+=(nodejs npm)

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

if command -v dpkg-query >/dev/null; then
	missing=()
	for p in "${packages[@]}"; do installed "$p" || missing+=("$p"); done
	if [ ${#missing[@]} -gt 0 ]; then
		echo "deps: missing: ${missing[*]}"
		if [ "$(id -u)" = 0 ]; then
			as=()
		elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
			as=(sudo)
		else
			echo "deps: neither root nor sudo without a password here; run this and try again:" >&2
			echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
			exit 1
		fi
		"${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update
		"${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "${missing[@]}"
	fi
else
	echo "deps: this is no Debian; the tests need: ${packages[*]}" >&2
fi

node=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
if [ "$node" -lt 18 ]; then
	echo "deps: node $node is too old for the browser tests, which want 20 (18 may do)" >&2
	exit 1
fi
if ! cmp -s testdata/browser/package-lock.json testdata/browser/node_modules/.from; then
	echo "deps: npm ci in testdata/browser"
	(cd testdata/browser && npm ci --ignore-scripts --no-audit --no-fund && cp package-lock.json node_modules/.from)
fi
echo "deps: all there"
