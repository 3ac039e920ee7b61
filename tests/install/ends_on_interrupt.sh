#!/usr/bin/env bash
# Room: tests. A server that prints "listening ..." ends cleanly on SIGINT: ends_on_interrupt.sh COMMAND...
set -u
log=$(mktemp)
status=0
"$@" >"$log" 2>&1 &
server=$!
timeout 10 bash -c "until grep -q listening '$log'; do sleep 0.05; done" || status=1
kill -INT "$server"
timeout 20 tail --pid="$server" -f /dev/null || { kill -KILL "$server"; status=1; }
wait "$server" || status=1
cat "$log"
rm -f "$log"
exit $status
