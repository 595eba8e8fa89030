#!/bin/sh
# Give apt the packages that earlier runs have downloaded. Run by mmdebstrap before it downloads:
#
#     setup.sh ROOT CACHE
set -eu
install -d -m 0755 "$1/var/cache/apt/archives"
find "$2" -maxdepth 1 -name '*.deb' -exec cp -t "$1/var/cache/apt/archives" -- {} +
