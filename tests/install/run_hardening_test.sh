#!/usr/bin/env bash
# Room: tests. The installed libraries are hardened as README.md says ("Hardening"), read out of them by readelf, and
# export what their headers declare.
#
#   tests/install/run_hardening_test.sh BUILD_DIR     a configured build directory of weft, a release build
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/install/install_to_scratch.sh
source "$here/install_to_scratch.sh"

die() {
  echo "hardening test: $*" >&2
  exit 1
}

# has WHAT PATTERN FILE, has_no WHAT PATTERN FILE: lines of what readelf says, which is in $scratch/said.
has() { grep -qE "$2" "$scratch/said" || die "$3: $1: readelf shows no line with '$2'"; }
has_no() { ! grep -E "$2" "$scratch/said" || die "$3: $1"; }

look_at() {
  readelf --wide --dynamic "$1" >"$scratch/said"
  has "symbols are bound lazily (-Wl,-z,now)" '\(FLAGS\).*BIND_NOW' "$1"
  has_no "code is relocated as it is loaded" 'TEXTREL' "$1"
  readelf --wide --program-headers "$1" >"$scratch/said"
  has "its table of symbols stays writable (-Wl,-z,relro)" 'GNU_RELRO' "$1"
  has "nothing is said of the stack, which may be executable" 'GNU_STACK.* RW ' "$1"
  readelf --wide --notes "$1" >"$scratch/said"
  has_no "claims a shadow stack, which a switch to another stack would break" 'SHSTK' "$1"
}

look_at "$libdir/libweft.so"
look_at "$libdir/libweft_held_locks.so"

readelf --wide --dyn-syms "$libdir/libweft.so" >"$scratch/said"
has "no function has a stack protector" 'UND __stack_chk_fail' libweft.so
has "none of libc's functions is checked (_FORTIFY_SOURCE)" 'UND __[a-z]+_chk@' libweft.so
# The part that switches stacks, as a static library holds it: whoever links that in claims no shadow stack either.
[[ -e $libdir/libweft.a ]] || die "no libweft.a to look at: configure $build with -Ddefault_library=both"
member=$(ar t "$libdir/libweft.a" | grep -E '(^|_)context\.cpp\.o$') || die "libweft.a has no context.cpp.o"
ar p "$libdir/libweft.a" "$member" >"$scratch/context.o"
readelf --wide --notes "$scratch/context.o" >"$scratch/said"
has_no "claims a shadow stack" 'SHSTK' "$member of libweft.a"
python3 "$here/exported_names.py" "$libdir/libweft.so" "$prefix/include" "$build"

echo "hardening test: full RELRO, no executable stack, stack protectors, no claim of a shadow stack"
