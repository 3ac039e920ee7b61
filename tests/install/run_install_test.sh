#!/usr/bin/env bash
# Room: tests. Installs a release build to an empty prefix, and builds against it as a stranger would: the compiler and
# pkg-config alone. hello.cpp and echo.cpp are the first two programs of the documentation, as they stand there.
#
#   tests/install/run_install_test.sh BUILD_DIR     a configured build directory of weft
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: run_install_test.sh BUILD_DIR}" && pwd)
scratch=$(mktemp -d)
server=
finish() {
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT

DESTDIR=$scratch/root meson install -C "$build" --quiet

pc=$(find "$scratch/root" -name weft.pc)
[[ -n $pc ]] || { echo "install test: no weft.pc was installed" >&2; exit 1; }
export PKG_CONFIG_PATH=${pc%/*}
# The prefix that weft.pc names lies under DESTDIR until somebody packs it up.
prefix=$scratch/root$(pkg-config --variable=prefix weft)
libdir=$scratch/root$(pkg-config --variable=libdir weft)
flags=$(pkg-config --define-variable=prefix="$prefix" --cflags --libs weft)

compile() {
  # shellcheck disable=SC2086  # the flags are words
  ${CXX:-g++} -std=c++20 -Wall -Wextra "$here/$1.cpp" -o "$scratch/$1" $flags
}

export LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
compile hello
timeout 20 "$scratch/hello" | diff "$here/hello.expected" - || { echo "install test: hello said something else" >&2; exit 1; }

compile echo
"$scratch/echo" &
server=$!
timeout 30 python3 "$here/talk_to_echo.py"
kill "$server"
wait "$server" 2>/dev/null || true
server=
echo "install test: hello and echo build and run against the installed library"
