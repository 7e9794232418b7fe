#!/usr/bin/env bash
# build.sh BIN VERSION OUT: makes OUT, a Debian package of the programs in BIN. The same programs and
# SOURCE_DATE_EPOCH give the same bytes.
set -euo pipefail
bin=$(realpath "$1") version=${2#v} out=$(realpath -m "$3")
cd "$(dirname "$0")/../.."
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || echo 0)}"
export SOURCE_DATE_EPOCH
case $version in [0-9]*) ;; *) version="0~$version" ;; esac
version=${version//[^A-Za-z0-9.+~]/.}

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
put() { install -D -m "$1" "$2" "$root$3"; }
for p in roomrec roomverify; do put 755 "$bin/$p" "/usr/bin/$p"; done
put 644 deploy/systemd/roomrec.service /lib/systemd/system/roomrec.service
put 644 deploy/roomrec.yaml /usr/share/doc/roomrec/examples/roomrec.yaml
for f in README.md CHANGELOG.md; do put 644 "$f" "/usr/share/doc/roomrec/$f"; done
put 644 LICENSE /usr/share/doc/roomrec/copyright
find docs -name '*.md' | sort | while read -r f; do put 644 "$f" "/usr/share/doc/roomrec/$f"; done
for f in deploy/prometheus/*.yml; do put 644 "$f" "/usr/share/roomrec/prometheus/${f##*/}"; done
for f in deploy/grafana/*.json; do put 644 "$f" "/usr/share/roomrec/grafana/${f##*/}"; done
install -d -m 755 "$root/etc/roomrec" "$root/usr/share/man/man1" "$root/usr/share/bash-completion/completions"
"$bin/roomrec" package man | gzip -9n >"$root/usr/share/man/man1/roomrec.1.gz"
"$bin/roomrec" package completion >"$root/usr/share/bash-completion/completions/roomrec"
"$bin/roomrec" package sbom >"$root/usr/share/doc/roomrec/sbom.cdx.json"
chmod 644 "$root"/usr/share/man/man1/* "$root"/usr/share/bash-completion/completions/* "$root/usr/share/doc/roomrec/sbom.cdx.json"

install -d -m 755 "$root/DEBIAN"
for f in preinst postinst prerm postrm; do install -m 755 "deploy/deb/$f" "$root/DEBIAN/$f"; done
cat >"$root/DEBIAN/control" <<CONTROL
Package: roomrec
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: roomrec <roomrec@localhost>
Installed-Size: $(du -sk --apparent-size "$root/usr" | cut -f1)
Depends: passwd
Recommends: ffmpeg, chrony
Section: video
Priority: optional
Description: controller of interrogation rooms
 Keeps one continuous recording for each session from fixed cameras, locks the
 session when a camera or the storage fails, and proves that nothing is missing.
CONTROL
(cd "$root" && find usr lib -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zgzip -z9 --build "$root" "$out" >/dev/null
