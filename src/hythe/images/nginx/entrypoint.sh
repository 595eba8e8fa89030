#!/bin/sh
# Before nginx starts, carry out /docker-entrypoint.d/*.sh in the order of their names (*.envsh are read into
# this shell, so that they can set variables). NGINX_ENTRYPOINT_QUIET_LOGS=1 makes them silent.
set -eu

case ${1:-} in
    nginx | nginx-debug)
        for script in /docker-entrypoint.d/*; do
            case $script in
                *.envsh) . "$script" ;;
                *.sh)
                    [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "nginx: running $script" >&2
                    sh "$script" ;;
            esac
        done ;;
esac
exec "$@"
