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
put 644 deploy/kiosk/roomrec.json /usr/share/roomrec/kiosk/roomrec.json
install -d -m 755 "$root/etc/roomrec"
# made WHAT PLACE: what the program says of itself.
made() {
	install -D -m 644 /dev/null "$root$2"
	"$bin/roomrec" package "$1" >"$root$2"
}
made man /usr/share/man/man1/roomrec.1
made man-zh /usr/share/man/zh_CN/man1/roomrec.1
made bash /usr/share/bash-completion/completions/roomrec
made zsh /usr/share/zsh/vendor-completions/_roomrec
made fish /usr/share/fish/vendor_completions.d/roomrec.fish
made sbom /usr/share/doc/roomrec/sbom.cdx.json
put 644 deploy/deb/roomverify.1 /usr/share/man/man1/roomverify.1
put 644 deploy/deb/roomverify.zh_CN.1 /usr/share/man/zh_CN/man1/roomverify.1
find "$root/usr/share/man" -type f -exec gzip -9n {} +

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
