#!/bin/bash
# over_bad_network.sh COMMAND...: runs it where the loopback device delays, loses, doubles and reorders what it carries, in a
# network namespace of its own, which ends with it: nothing else on the machine notices. Where that cannot be had it says
# why, and is no failure.
set -eu
command -v ip >/dev/null && command -v tc >/dev/null && command -v unshare >/dev/null ||
  { echo "skipped: a bad network wants ip, tc and unshare (Debian: iproute2, util-linux)"; exit 0; }
unshare --user --map-root-user --net true 2>/dev/null ||
  { echo "skipped: a bad network wants a network namespace, and this machine gives none"; exit 0; }
exec unshare --user --map-root-user --net bash -c '
  ip link set lo up
  refusal=$(tc qdisc add dev lo root netem delay 4ms 2ms loss 1% duplicate 1% reorder 5% 50% 2>&1) ||
    { echo "skipped: a bad network wants the queueing discipline netem (sch_netem), which this kernel refuses:" $refusal; exit 0; }
  exec "$@"' bash "$@"
