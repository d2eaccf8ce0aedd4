#!/bin/sh
# The pipeline of docker-compose.yml by one word each; thin, over `docker compose` and `sluice`. See docs/operations.md.
set -eu
cd "$(dirname "$0")/.."

SERVICES='capture sink-redis sink-elasticsearch sink-mysql'

# Those of the profiles `ha` and `auditor` too, where they run: a standby would take over, and the auditor compare what is half done.
running() {
  docker compose --profile '*' ps --services --status running | grep -xE 'capture|capture-standby|sink-[a-z0-9-]+|auditor' || true
}

usage() {
  cat >&2 <<'TEXT'
usage: scripts/deploy.sh COMMAND
  start                  build the images, start everything, wait until it is healthy
  stop                   stop everything; data stays
  restart                restart capture, its standby, the sinks and the auditor, as far as they run, for a changed configuration
  status                 the containers, then `sluice status`; ends with 1 when anything is not well
  logs [SERVICE [true]]  the last 100 lines of one service, or of capture, the sinks and what stands beside them; `true` follows
  backup [FOLDER]        the state in Kafka, dumps of source and target, the configuration; without FOLDER, backup/<time>
  restore FOLDER         stop capture (its standby too), the sinks and the auditor, load the dumps, restore the state where Kafka has lost it, start them
TEXT
  exit 2
}

sluice() {
  docker compose run --rm -T cli "$@"
}

# A dump that did not end is never taken for one: it gets its name at the end.
dump() {
  docker compose exec -T "$1" sh -c 'exec mysqldump -uroot -p"$(cat "$MYSQL_ROOT_PASSWORD_FILE")" --all-databases \
    --single-transaction --routines --triggers --events --set-gtid-purged=OFF' > "$2.part"
  mv "$2.part" "$2"
}

load() {
  docker compose exec -T "$1" sh -c 'exec mysql -uroot -p"$(cat "$MYSQL_ROOT_PASSWORD_FILE")"' < "$2"
}

# `sluice` in a container of its own, with the folder's `state` in /tmp: nothing of this host is mounted, and its users do not matter.
state_out() {
  docker compose run --rm -T --entrypoint sh cli -ec 'sluice backup --to /tmp/state >&2; tar -C /tmp -cf - state' > "$1/state.tar.part"
  mv "$1/state.tar.part" "$1/state.tar"
}

state_in() {
  docker compose run --rm -T --entrypoint sh cli -ec 'tar -C /tmp -xf -; sluice restore --from /tmp/state --apply' < "$1/state.tar"
}

backup() {
  folder=${1:-backup/$(date -u +%Y%m%dT%H%M%SZ)}
  umask 077
  mkdir -p "$folder"
  # First: what the dumps have beyond it is only repeated.
  state_out "$folder"
  dump mysql "$folder/source.sql"
  dump mysql-target "$folder/target.sql"
  cp docker-compose.yml infra/docker/sluice.yaml "$folder/"
  if [ -f .env ]; then cp .env "$folder/"; fi
  if [ -d infra/docker/secrets ]; then cp -r infra/docker/secrets "$folder/"; fi
  echo "$folder"
}

restore() {
  folder=${1:-}
  for file in source.sql target.sql state.tar; do
    [ -f "$folder/$file" ] || { echo "there is no $folder/$file: name a folder that backup has made" >&2; exit 2; }
  done
  # What runs beside these stops too: a standby, the auditor, sinks of one's own.
  those="$SERVICES $(running | grep -vxE "$(echo "$SERVICES" | tr ' ' '|')" || true)"
  # shellcheck disable=SC2086
  docker compose stop $those
  load mysql "$folder/source.sql"
  load mysql-target "$folder/target.sql"
  state_in "$folder"
  # shellcheck disable=SC2086
  docker compose up --wait $those
  echo 'see scripts/deploy.sh status: where capture says that its source is another one, docs/disaster-recovery.md'
}

command=${1:-}
[ $# -gt 0 ] && shift
case $command in
  start) docker compose up --build --wait "$@" ;;
  stop) docker compose stop "$@" ;;
  # shellcheck disable=SC2086
  restart) docker compose restart ${1:-$(running)} ;;
  status) docker compose ps && sluice status ;;
  # shellcheck disable=SC2086
  logs) docker compose logs --tail 100 $([ "${2:-}" = true ] && echo --follow) ${1:-$(running)} ;;
  backup) backup "$@" ;;
  restore) restore "$@" ;;
  *) usage ;;
esac
