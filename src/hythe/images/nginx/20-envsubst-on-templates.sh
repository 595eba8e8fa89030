#!/bin/sh
# /etc/nginx/templates/NAME.template -> /etc/nginx/conf.d/NAME, with ${VARIABLE} replaced by the environment's
# value. Only variables that exist are replaced: $host, $uri and the like are nginx's own.
# NGINX_ENVSUBST_TEMPLATE_DIR, NGINX_ENVSUBST_OUTPUT_DIR, NGINX_ENVSUBST_TEMPLATE_SUFFIX change the places,
# NGINX_ENVSUBST_FILTER is a regular expression that the names of the variables must match.
set -eu

from=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
to=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
filter=${NGINX_ENVSUBST_FILTER:-}

[ -d "$from" ] || exit 0
names=$(awk -v filter="$filter" 'BEGIN { for (name in ENVIRON) if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/ && name ~ filter) printf "${%s} ", name }' < /dev/null)

find -L "$from" -type f -name "*$suffix" | sort | while IFS= read -r template; do
    relative=${template#"$from"/}
    target=$to/${relative%"$suffix"}
    mkdir -p "$(dirname "$target")"
    envsubst "$names" < "$template" > "$target"
done
