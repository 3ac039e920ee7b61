#!/bin/sh
# Room: tests. zig as a cross compiler that meson knows: zig_compiler.sh c++|cc TARGET ARGUMENT... ; $WEFT_ZIG says how zig is
# called. meson asks a linker for its name, and has never heard of zig's, which is LLD's command line on ELF and Apple's on macOS.
language=$1 target=$2
shift 2
case " $* " in
  *" -Wl,--version "*)
    case $target in
      *-macos*) echo "ld: unknown option: --version" >&2; exit 1 ;;
      *) echo "LLD 17.0.0 (compatible with GNU linkers)"; exit 0 ;;
    esac ;;
  *" -Wl,-v "*)
    case $target in *-macos*) echo "@(#)PROGRAM:ld PROJECT:ld64-907" >&2; exit 0 ;; esac ;;
esac
# shellcheck disable=SC2086  # the command of zig is words
exec $WEFT_ZIG "$language" -target "$target" "$@"
