#!/usr/bin/env bash
# Room: tests. A release library that is ready for sanitizers: over it a correct program is clean under ThreadSanitizer,
# AddressSanitizer and valgrind, and what is wrong in a program is found.
#
#   tests/install/run_sanitize_test.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

die() {
  echo "sanitize test: $*" >&2
  exit 1
}

# One file for each floor: there is nothing in it to be developed. Warnings are other cells' affair.
meson setup "$scratch/build" "$here/../.." --prefix="$scratch/root" --libdir=lib --buildtype=release -Ddefault_library=static \
  -Dsanitize_ready=true -Dtests=false -Dexamples=false -Dbench=false -Dunity=on -Dunity_size=100 >"$scratch/log" 2>&1 &&
  meson install -C "$scratch/build" --quiet >"$scratch/log" 2>&1 || { tail -n 30 "$scratch/log" >&2; die "it does not build"; }
export PKG_CONFIG_PATH=$scratch/root/lib/pkgconfig
cflags=$(pkg-config --cflags weft-sanitize)
libs=$(pkg-config --static --libs weft-sanitize)

cache=$(command -v ccache || true)
compile() {  # PROGRAM FLAG...
  # shellcheck disable=SC2086  # the flags are words
  $cache ${CXX:-g++} -std=c++20 -g -O1 "${@:2}" -c "$here/sanitized.cpp" -o "$scratch/$1.o" $cflags &&
    ${CXX:-g++} "${@:2}" "$scratch/$1.o" -o "$scratch/$1" $libs
}
compile plain & plain=$!
compile thread -fsanitize=thread & thread=$!
compile address -fsanitize=address & address=$!
for each in "$plain" "$thread" "$address"; do wait "$each" || die "sanitized.cpp does not compile"; done

is_clean() {  # NAME COMMAND...
  timeout 120 "${@:2}" >"$scratch/out" 2>"$scratch/err" || { head -n 40 "$scratch/err" >&2; die "$1 finds fault with a correct program"; }
  diff "$scratch/out" "$here/sanitized.says" || die "$1: the program said something else"
  ! grep -E "WARNING: Thread|WARNING: ASan|ERROR: |Invalid (read|write)|uninitialised" "$scratch/err" ||
    die "$1 warns of a correct program"
}
is_found() {  # WHAT COMMAND...
  ! timeout 120 "${@:2}" >"$scratch/err" 2>&1 || die "$2 finds nothing wrong"
  grep -q "$1" "$scratch/err" || { head -n 40 "$scratch/err" >&2; die "$2 finds no $1"; }
}
is_clean nothing "$scratch/plain"
is_clean ThreadSanitizer "$scratch/thread"
is_clean AddressSanitizer "$scratch/address"
is_found 'data race' "$scratch/thread" race
is_found 'stack-buffer-overflow' "$scratch/address" overrun
command -v valgrind >/dev/null || die "no valgrind: ./dev setup"
is_clean valgrind valgrind --error-exitcode=9 "$scratch/plain"
echo "sanitize test: a correct program is clean under ThreadSanitizer, AddressSanitizer and valgrind, and faults are found"
