#!/bin/sh
# Turn a freshly made Debian root file system into a base image. Run on the host by mmdebstrap (as a hook)
# or after debootstrap:
#
#     finish.sh ROOT FILES SOURCES CERTIFICATES CACHE
#
# ROOT          the root file system
# FILES         a directory that is copied over it (settings of apt and dpkg)
# SOURCES       a file that becomes /etc/apt/sources.list
# CERTIFICATES  a directory with *.crt of further authorities to be trusted inside, or ""
# CACHE         where downloaded packages are kept for the next run, or ""
set -eu
root=$1 files=$2 sources=$3 certificates=$4 cache=$5

# Packages that the mirror no longer has are dropped from the cache; the others are kept.
if [ -n "$cache" ]; then
    env -u APT_CONFIG chroot "$root" apt-get -qq autoclean
    rm -f "$cache"/*.deb
    find "$root/var/cache/apt/archives" -name '*.deb' -exec cp -t "$cache" -- {} +
fi
rm -f "$root"/var/cache/apt/archives/*.deb "$root"/var/cache/apt/*.bin

cp -R "$files/." "$root/"
chmod 0755 "$root/usr/sbin/policy-rc.d"
rm -f "$root"/etc/apt/sources.list.d/*
install -m 0644 "$sources" "$root/etc/apt/sources.list"

# update-ca-certificates reads this directory when the ca-certificates package is installed on top.
if [ -n "$certificates" ]; then
    install -d -m 0755 "$root/usr/local/share/ca-certificates"
    install -m 0644 -t "$root/usr/local/share/ca-certificates" "$certificates"/*.crt
    [ ! -x "$root/usr/sbin/update-ca-certificates" ] || chroot "$root" update-ca-certificates > /dev/null
fi

# What the slim settings keep out from now on has been unpacked already: take it away, but for the licences.
find "$root/usr/share/doc" -mindepth 1 -not -type d -not -name copyright -delete
find "$root/usr/share/doc" -mindepth 1 -type d -empty -delete
for name in groff info linda lintian locale man; do
    rm -rf "$root/usr/share/$name"
done
install -d -m 0755 "$root/usr/share/man" "$root/usr/share/locale"

# Everything that differs from machine to machine, or from run to run.
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/ldconfig/* "$root"/var/cache/debconf/*-old
rm -f "$root"/var/lib/dpkg/*-old "$root"/etc/passwd- "$root"/etc/group- "$root"/etc/shadow- "$root"/etc/gshadow-
find "$root/var/log" -type f -delete
: > "$root/etc/machine-id"
rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
