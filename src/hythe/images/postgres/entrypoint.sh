#!/bin/sh
# Start PostgreSQL; on an empty data directory, initialise it first.
#
#   POSTGRES_PASSWORD          password of the superuser; needed unless the method is "trust"
#   POSTGRES_USER              name of the superuser (postgres)
#   POSTGRES_DB                the first database (named like the user)
#   POSTGRES_INITDB_ARGS       further arguments of initdb
#   POSTGRES_INITDB_WALDIR     a directory for the write-ahead log
#   POSTGRES_HOST_AUTH_METHOD  how clients prove who they are (initdb's scram-sha-256)
#   PGDATA                     the data directory (/var/lib/postgresql/data)
#
# Of the first three and POSTGRES_INITDB_ARGS, NAME_FILE may name a file that holds the value.
# /docker-entrypoint-initdb.d/*.sql, *.sql.gz and *.sh are carried out once, in the order of their names,
# after the database is made. The server that does this listens on the unix socket alone: whoever reaches
# port 5432 reaches a database that is complete.
set -eu

fail() {
    printf 'postgres: %s\n' "$@" >&2
    exit 1
}

say() {
    printf 'postgres: %s\n' "$*" >&2
}

# setting NAME DEFAULT: NAME from the environment, else from the file that NAME_FILE names, else DEFAULT.
setting() {
    eval "value=\${$1:-} file=\${${1}_FILE:-}"
    if [ -n "$value" ] && [ -n "$file" ]; then
        fail "both $1 and ${1}_FILE are set; set one of them."
    fi
    if [ -n "$file" ]; then
        value=$(cat -- "$file") || fail "${1}_FILE names $file, which cannot be read."
    fi
    export "$1=${value:-$2}"
    unset "${1}_FILE"
}

# As root: give the directories to the user postgres and begin again as that user.
become_postgres() {
    mkdir -p "$PGDATA" /run/postgresql
    chmod 0700 "$PGDATA"
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    chown postgres:postgres /run/postgresql
    chmod 3777 /run/postgresql
    if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then
        mkdir -p "$POSTGRES_INITDB_WALDIR"
        find "$POSTGRES_INITDB_WALDIR" \! -user postgres -exec chown postgres '{}' +
        chmod 0700 "$POSTGRES_INITDB_WALDIR"
    fi
    export HOME=/var/lib/postgresql
    exec setpriv --reuid postgres --regid postgres --init-groups -- "$0" "$@"
}

check_password() {
    [ "${POSTGRES_HOST_AUTH_METHOD:-}" = trust ] && {
        say 'POSTGRES_HOST_AUTH_METHOD is "trust": anyone who reaches the port is let in without a password.'
        return
    }
    [ -n "$POSTGRES_PASSWORD" ] || fail \
        'the database is not initialised and the superuser has no password.' \
        'Give one:  -e POSTGRES_PASSWORD=secret   (or POSTGRES_PASSWORD_FILE=/run/secrets/NAME)' \
        'To let everyone in without any, which is unsafe:  -e POSTGRES_HOST_AUTH_METHOD=trust'
}

# initdb wants an empty directory: it works in one below, whose content is then moved up.
make_cluster() {
    set -- --pgdata="$PGDATA/.new" --username="$POSTGRES_USER"
    [ -z "${POSTGRES_INITDB_WALDIR:-}" ] || set -- "$@" --waldir="$POSTGRES_INITDB_WALDIR"
    # The password never stands on a command line, where `ps` would show it.
    password_file=$(umask 077 && mktemp)
    printf '%s\n' "$POSTGRES_PASSWORD" > "$password_file"
    [ -z "$POSTGRES_PASSWORD" ] || set -- "$@" --pwfile="$password_file"
    # The words of POSTGRES_INITDB_ARGS are split and unquoted as a shell would.
    eval "initdb \"\$@\" $POSTGRES_INITDB_ARGS" >&2 || {
        rm -f "$password_file"
        fail 'initdb has failed; see above.'
    }
    rm -f "$password_file"
    find "$PGDATA/.new" -mindepth 1 -maxdepth 1 -exec mv -t "$PGDATA" -- {} +
    rmdir "$PGDATA/.new"
    method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption)}
    printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
}

sql() {
    PGPASSWORD=$POSTGRES_PASSWORD psql --host=/run/postgresql -v ON_ERROR_STOP=1 --no-psqlrc --no-password \
        --username="$POSTGRES_USER" "$@"
}

make_database() {
    [ "$POSTGRES_DB" != postgres ] || return 0
    found=$(sql --dbname=postgres --tuples-only --no-align --set=db="$POSTGRES_DB" <<'SQL'
SELECT 1 FROM pg_database WHERE datname = :'db';
SQL
)
    [ -z "$found" ] || return 0
    sql --dbname=postgres --quiet --set=db="$POSTGRES_DB" <<'SQL'
CREATE DATABASE :"db";
SQL
}

run_scripts() {
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sh)
                say "running $script"
                if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
            *.sql)    say "running $script"; sql --dbname="$POSTGRES_DB" --file="$script" ;;
            *.sql.gz) say "running $script"; gunzip -c "$script" | sql --dbname="$POSTGRES_DB" ;;
            */'*') ;;
            *) say "ignoring $script: not .sh, .sql or .sql.gz" ;;
        esac
    done
}

# A first start that is cut short, by a failing script or by kill -9, must not pass for a whole database at the
# next start. .first-start marks the directory, which was empty, until all is done; where the mark is found,
# what there is was made here and is thrown away.
initialise() {
    check_password
    if [ -e "$PGDATA/.first-start" ]; then
        say 'the first start was cut short; beginning again.'
        find "$PGDATA" -mindepth 1 -not -path "$PGDATA/.first-start" -delete
    elif [ -n "$(ls -A -- "$PGDATA")" ]; then
        fail "$PGDATA is not empty, yet it holds no database." \
            'Give PostgreSQL an empty directory: another volume, or -e PGDATA=/var/lib/postgresql/data/db'
    fi
    : > "$PGDATA/.first-start"
    make_cluster
    pg_ctl --pgdata="$PGDATA" --wait start --options="-c listen_addresses='' -p ${PGPORT:-5432}" >&2
    make_database
    run_scripts
    pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop >&2
    rm -- "$PGDATA/.first-start"
    say 'initialised; starting for good.'
}

case ${1:-} in
    '' | -*) set -- postgres "$@" ;;
esac
if [ "$1" = postgres ]; then
    # While still root, who can read every secret file.
    setting POSTGRES_PASSWORD ''
    setting POSTGRES_USER postgres
    setting POSTGRES_DB "$POSTGRES_USER"
    setting POSTGRES_INITDB_ARGS ''
    [ "$(id -u)" != 0 ] || become_postgres "$@"
    mkdir -p "$PGDATA"
    if [ ! -s "$PGDATA/PG_VERSION" ] || [ -e "$PGDATA/.first-start" ]; then
        initialise
    fi
    unset POSTGRES_PASSWORD
fi
exec "$@"
