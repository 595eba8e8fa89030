#!/bin/sh
# Before mmdebstrap downloads anything: give apt the packages of earlier runs, and let no package start a
# service. Run on the host:
#
#     setup.sh ROOT FILES CACHE        (as in finish.sh)
set -eu
install -D -m 0755 "$2/usr/sbin/policy-rc.d" "$1/usr/sbin/policy-rc.d"
install -d -m 0755 "$1/var/cache/apt/archives"
find "$3" -maxdepth 1 -name '*.deb' -exec cp -t "$1/var/cache/apt/archives" -- {} +
