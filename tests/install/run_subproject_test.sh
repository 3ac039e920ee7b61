#!/usr/bin/env bash
# Room: tests. Builds a project that carries weft as a meson subproject (consumer.meson.build) and runs its hello.
#
#   tests/install/run_subproject_test.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir -p "$scratch/project/subprojects"
cp "$here/consumer.meson.build" "$scratch/project/meson.build"
cp "$here/hello.cpp" "$scratch/project/"
ln -s "$(cd "$here/../.." && pwd)" "$scratch/project/subprojects/weft"

meson setup "$scratch/build" "$scratch/project" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
ninja -C "$scratch/build" hello >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
timeout 20 "$scratch/build/hello" | diff "$here/hello.expected" - ||
  { echo "subproject test: hello said something else" >&2; exit 1; }
echo "subproject test: a project with weft inside builds and runs"
