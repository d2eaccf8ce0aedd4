#!/bin/sh
# Runs a service so that `restart: unless-stopped` starts again what a restart can help, and nothing else: sh keep.sh COMMAND…
# A code that says "a person must act" (docs/operations.md: 2, 64, 69, 70) leaves the container there without work. It becomes unhealthy, its log ends with
# what to do, and `docker compose restart` starts the service again. Any other end is the container's end, which the engine answers by a start.
set -u

"$@" &
service=$!
trap 'kill -TERM "$service" 2> /dev/null' TERM INT
wait "$service"
code=$?
# A signal ends `wait` and not the service.
while kill -0 "$service" 2> /dev/null; do
  wait "$service"
  code=$?
done

case $code in
  2 | 64 | 69 | 70)
    echo "{\"level\":\"fatal\",\"event\":\"container.waits\",\"exitCode\":$code,\"msg\":\"not started again: do what the line before says, then restart this container\"}"
    trap 'kill "$nap" 2> /dev/null; exit '"$code" TERM INT
    while :; do
      sleep 3600 &
      nap=$!
      wait "$nap"
    done
    ;;
esac
exit "$code"
