#!/usr/bin/env bash
# Room: tests. The recipes of .packaging, as far as they go without a network: the wrap file in a project of meson, the vcpkg
# port read by CMake, and a package of Conan's, built, and used by a project of CMake. Boost is the system's. Conan comes from
# the PATH or, into build/conan, by pip; where neither has it, that part is left out and it says so.
#
#   tests/install/run_recipes_test.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$here/../.." && pwd)
recipes=$checkout/.packaging
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

die() {
  echo "recipes test: $*" >&2
  exit 1
}
# logged COMMAND...: its output is shown if it fails.
logged() { "$@" >"$scratch/log" 2>&1 || { tail -n 30 "$scratch/log" >&2; return 1; }; }

version=$(sed -nE "s/^  version: '([0-9.]+)',$/\1/p" "$checkout/meson.build")
[[ -n $version ]] || die "meson.build has no line \"  version: '1.2.3',\""

# The wrap file, with this checkout in the place of where weft is fetched from. Of the library nothing is built:
# run_subproject_test.sh does that.
wrap() {
  grep -qx "revision = v$version" "$recipes/weft.wrap" || die "weft.wrap asks for another revision than v$version"
  mkdir -p "$scratch/project/subprojects"
  cp "$here/consumer.meson.build" "$scratch/project/meson.build"
  cp "$here/hello.cpp" "$scratch/project/"
  sed -e "s|^url = .*|url = file://$checkout|" -e 's|^revision = .*|revision = head|' "$recipes/weft.wrap" \
    >"$scratch/project/subprojects/weft.wrap"
  # Without the fallback that consumer.meson.build names: a wrap file provides the dependency of its own name.
  sed -i "s/, fallback: 'weft'//" "$scratch/project/meson.build"
  logged meson setup "$scratch/wrapped" "$scratch/project" || die "weft.wrap does not bring weft"
  logged ninja -C "$scratch/wrapped" hello.p/hello.cpp.o || die "hello does not compile against what weft.wrap brings"
}

vcpkg_port() {
  local port=$recipes/vcpkg/ports/weft
  python3 "$here/check_port.py" "$port" "$version" || die "the vcpkg port is not sound"
  (cd "$scratch" && logged cmake -DWEFT_CHECKOUT="$checkout" -DPORTFILE="$port/portfile.cmake" -P "$here/vcpkg_stubs.cmake") ||
    die "CMake cannot read the portfile"
}

find_conan() {
  conan=$(command -v conan || true)
  [[ -z $conan ]] || return 0
  conan=$checkout/build/conan/bin/conan
  [[ -x $conan ]] || { python3 -m venv "$checkout/build/conan" && timeout 60 "${conan%/*}/pip" install -q 'conan>=2,<3'; } \
    >"$scratch/log" 2>&1
}

conan_package() {
  export CONAN_HOME=$scratch/conan PATH=/usr/lib/ccache:$PATH
  local -a options=(-nr -s compiler.cppstd=20 -s build_type=Release -o 'weft/*:shared=True')
  logged "$conan" profile detect || die "conan finds no compiler"
  # No recipe of Boost's is at hand: the system's stands for it.
  printf '\n[platform_requires]\nboost/1.74.0\n' >>"$CONAN_HOME/profiles/default"
  "$conan" inspect "$recipes/conan" >"$scratch/inspected" 2>&1 || { cat "$scratch/inspected" >&2; die "conan cannot read its recipe"; }
  grep -qx "version: $version" "$scratch/inspected" || die "the Conan recipe is not of version $version: $(<"$scratch/inspected")"
  ! "$conan" create "$recipes/conan" -nr -s compiler.cppstd=17 >"$scratch/log" 2>&1 || die "the Conan recipe takes C++17"
  grep -q 'lower than the required C++ standard' "$scratch/log" || { cat "$scratch/log" >&2; die "C++17 is refused otherwise"; }
  logged "$conan" create "$recipes/conan" "${options[@]}" || die "conan cannot create its package"
  logged "$conan" install --requires="weft/$version" "${options[@]}" -g CMakeDeps -of "$scratch/deps" || die "no package to install"
  logged cmake -G Ninja -S "$here/cmake" -B "$scratch/consumer" -DCMAKE_PREFIX_PATH="$scratch/deps" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_STANDARD=20 -DWEFT_VERSION="$version" -DWEFT_TARGET=weft::weft || die "CMake does not find Conan's package"
  logged cmake --build "$scratch/consumer" || die "hello does not build against Conan's package"
  timeout 60 "$scratch/consumer/hello" | diff "$here/hello.expected" - || die "hello said something else"
}

if git -C "$checkout" rev-parse HEAD >/dev/null 2>&1; then
  wrap
else
  echo "recipes test: $checkout is no git repository to fetch from: weft.wrap was not tried"
fi
vcpkg_port
if find_conan; then
  conan_package
else
  echo "recipes test: neither the PATH nor pip has Conan 2 ($(tail -n 1 "$scratch/log")): its recipe was not tried"
fi
echo "recipes test: what could be tried of wrap, vcpkg and Conan holds"
