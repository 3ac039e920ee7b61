# Room: tests. For scripts that use weft as a stranger would, by the compiler and pkg-config alone: source it, with the
# build directory as $1. Sets `scratch`, an empty directory that goes when the script ends; installs into it; sets
# `flags` to what pkg-config says, and LD_LIBRARY_PATH.
# shellcheck shell=bash

build=$(cd "${1:?usage: $(basename "$0") BUILD_DIR}" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

DESTDIR=$scratch/root meson install -C "$build" --quiet

pc=$(find "$scratch/root" -name weft.pc)
[[ -n $pc ]] || { echo "$(basename "$0"): no weft.pc was installed" >&2; exit 1; }
export PKG_CONFIG_PATH=${pc%/*}
# The prefix that weft.pc names lies under DESTDIR until somebody packs it up.
prefix=$scratch/root$(pkg-config --variable=prefix weft)
libdir=$scratch/root$(pkg-config --variable=libdir weft)
# shellcheck disable=SC2034  # for who sources this
flags=$(pkg-config --define-variable=prefix="$prefix" --cflags --libs weft)
export LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
