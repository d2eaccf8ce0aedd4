#!/bin/sh
# Runs a service so that `restart: unless-stopped` starts again what a restart can help, and nothing else: sh keep.sh COMMAND…
# A code that says "a person must act" (docs/operations.md: 2, 64, 69, 70) leaves the container there without work. It becomes unhealthy, its log ends with
# what to do, and `docker compose restart` starts the service again. Any other end is the container's end, which the engine answers by a start.
set -u

# Before anything is started: an order to stop may come at any moment.
service=
stopping=
trap 'stopping=yes; [ -z "$service" ] || kill -TERM "$service" 2> /dev/null' TERM INT
"$@" &
service=$!
[ -z "$stopping" ] || kill -TERM "$service" 2> /dev/null

# A signal ends `wait` and not the service; 127 is what it says of one whose end it has told.
code=127
while :; do
  wait "$service"
  told=$?
  [ "$told" -eq 127 ] || code=$told
  kill -0 "$service" 2> /dev/null || break
done
if [ "$code" -gt 128 ]; then
  wait "$service"
  told=$?
  [ "$told" -eq 127 ] || code=$told
fi

case $code in
  2 | 64 | 69 | 70)
    nap=
    trap '[ -z "$nap" ] || kill "$nap" 2> /dev/null; exit '"$code" TERM INT
    [ -z "$stopping" ] || exit "$code"
    echo "{\"level\":\"fatal\",\"event\":\"container.waits\",\"exitCode\":$code,\"msg\":\"not started again: do what the line before says, then restart this container\"}"
    while :; do
      # Nothing is left behind that holds the log open.
      sleep 3600 > /dev/null 2>&1 &
      nap=$!
      wait "$nap"
    done
    ;;
esac
exit "$code"
