#!/usr/bin/env bash
# Room: tests. Installs a release build to an empty prefix, and builds against it as a stranger would: the compiler and
# pkg-config alone. The programs are those of the documentation, section by section; a program with a .expected beside it
# must say that.
#
#   tests/install/run_install_test.sh BUILD_DIR     a configured build directory of weft
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/install/install_to_scratch.sh
source "$here/install_to_scratch.sh"
server=
finish() {
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT

compile() {
  # As many projects hide their own names: exceptions and types must be weft's in spite of it.
  # shellcheck disable=SC2086  # the flags are words
  ${CXX:-g++} -std=c++20 -Wall -Wextra -fvisibility=hidden -fvisibility-inlines-hidden "$here/$1.cpp" -o "$scratch/$1" $flags
}

for expected in "$here"/*.expected; do
  program=$(basename "$expected" .expected)
  # TLS is a library of its own, where there was an OpenSSL to build it with.
  if grep -q '<weft/tls' "$here/$program.cpp"; then
    [[ -e ${pc%/*}/weft-tls.pc ]] || { echo "install test: $program is skipped: no weft-tls was built"; continue; }
    flags=$(pkg-config --define-variable=prefix="$prefix" --cflags --libs weft-tls) compile "$program"
  elif grep -q 'weft-interpose.pc' "$here/$program.cpp"; then
    [[ -e ${pc%/*}/weft-interpose.pc ]] || { echo "install test: $program is skipped: no weft-interpose was built"; continue; }
    flags=$(pkg-config --define-variable=prefix="$prefix" --cflags --libs weft-interpose) compile "$program"
    WEFT_INTERPOSE=report "$scratch/$program" 2>&1 >/dev/null | grep -q 'pthread_mutex_lock: parked' ||
      { echo "install test: no visitor of $program has parked at the door: is libweft_interpose in the way?" >&2; exit 1; }
  else
    compile "$program"
  fi
  timeout 60 "$scratch/$program" | diff "$expected" - || { echo "install test: $program said something else" >&2; exit 1; }
done

compile echo
"$scratch/echo" &
server=$!
timeout 30 python3 "$here/talk_to_echo.py"
kill "$server"
wait "$server" 2>/dev/null || true
server=
echo "install test: what the documentation shows builds and runs against the installed library"
