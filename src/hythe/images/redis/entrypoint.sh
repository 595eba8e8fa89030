#!/bin/sh
# Start Redis as its own user, with its data in the current directory (/data).
#
# "redis-server" may be left out before a flag or a configuration file. Without a configuration file Redis
# refuses clients from elsewhere ("protected mode"); in a container every client is from elsewhere, and what
# keeps strangers out is the network: protected mode is off unless the arguments say otherwise.
set -eu

case ${1:-} in
    '' | -* | *.conf) set -- redis-server "$@" ;;
esac

if [ "$1" = redis-server ]; then
    if [ "$(id -u)" = 0 ]; then
        find . \! -user redis -exec chown redis '{}' +
        export HOME=/data
        exec setpriv --reuid redis --regid redis --init-groups -- "$0" "$@"
    fi
    umask 0077
    protected=unsaid
    for word; do
        case $word in
            --protected-mode | *.conf) protected=said ;;
        esac
    done
    [ "$protected" = said ] || set -- "$@" --protected-mode no
fi
exec "$@"
