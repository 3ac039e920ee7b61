#!/usr/bin/env bash
# Room: tests. What the library weft_held_locks says where it has nothing to do: beside a shared libweft that was built
# without owner tracking, and in a program without weft. (tests/std_shim/held_lock_test.cpp: where weft is linked in.)
#
#   tests/install/run_held_locks_test.sh BUILD_DIR     a configured build directory of weft, a release build
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/install/install_to_scratch.sh
source "$here/install_to_scratch.sh"

# says LINE PROGRAM: all that the program says on stderr, with the library loaded, is one line that begins so.
says() {
  LD_PRELOAD=$libdir/libweft_held_locks.so "$2" >/dev/null 2>"$scratch/said"
  [[ $(wc -l <"$scratch/said") == 1 && $(<"$scratch/said") == "$1"* ]] ||
    { echo "held locks test: $2 said '$(<"$scratch/said")', expected one line that begins '$1'" >&2; exit 1; }
}

# shellcheck disable=SC2086  # the flags are words
${CXX:-g++} -std=c++20 "$here/hello.cpp" -o "$scratch/hello" $flags
says "weft: libweft_held_locks has nothing to do: this libweft was built without owner tracking" "$scratch/hello"
says "weft: libweft_held_locks had nothing to do: no fiber parked" /bin/true
echo "held locks test: where there is nothing to do it says so"
