#!/bin/sh
# A new data folder gets its user and database before anything listens.
set -eu
as="setpriv --reuid=postgres --regid=postgres --init-groups"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chown postgres:postgres "$PGDATA"
  chmod 700 "$PGDATA"
  password=$(mktemp)
  printf '%s' "$POSTGRES_PASSWORD" >"$password"
  chown postgres "$password"
  $as initdb --username="$POSTGRES_USER" --pwfile="$password" --auth=scram-sha-256 \
    --encoding=UTF8 --no-sync >/dev/null
  rm "$password"
  printf 'CREATE DATABASE "%s";\n' "$POSTGRES_DB" | $as postgres --single -j postgres >/dev/null
  printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
fi
exec $as "$@" -c listen_addresses='*' -c jit=off
