#!/usr/bin/env bash
# Room: tests. weft for users of CMake: the installed library by find_package, and the sources by FetchContent. Either brings
# C++20 and -fstack-clash-protection to a project that asks for neither.
#
#   tests/install/run_cmake_test.sh BUILD_DIR     a configured build directory of weft
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/install/install_to_scratch.sh
source "$here/install_to_scratch.sh"

die() {
  echo "cmake test: $*" >&2
  exit 1
}

# Nothing of what install_to_scratch.sh tells the compiler and the linker: CMake has to find it by itself.
unset LD_LIBRARY_PATH PKG_CONFIG_PATH
export CXX=${CXX:-g++}
cache=$(command -v ccache || true)

configure() {  # DIR PROJECT OPTION...
  cmake -G Ninja -S "$here/$2" -B "$scratch/$1" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
    ${cache:+-DCMAKE_CXX_COMPILER_LAUNCHER="$cache"} "${@:3}" >"$scratch/$1.log" 2>&1
}

build_and_run() {  # DIR
  cmake --build "$scratch/$1" --target hello >"$scratch/$1.log" 2>&1 || { tail -n 30 "$scratch/$1.log" >&2; die "$1 does not build"; }
  timeout 60 "$scratch/$1/hello" | diff "$here/hello.expected" - || die "$1: hello said something else"
  # Of hello.cpp alone: the library's own flags are not what is asked here.
  grep '"command".*hello\.cpp' "$scratch/$1/compile_commands.json" >"$scratch/command"
  grep -q -- '-fstack-clash-protection' "$scratch/command" || die "$1: not built with -fstack-clash-protection: $(<"$scratch/command")"
}

find_weft() {  # DIR VERSION TARGET
  configure "$1" cmake -DCMAKE_PREFIX_PATH="$prefix" -DWEFT_VERSION="$2" -DWEFT_TARGET="$3"
}

version=$(PKG_CONFIG_PATH=${pc%/*} pkg-config --modversion weft)
IFS=. read -r major minor _ <<<"$version"

for wanted in "" "$version" "$major.$minor" "$major.$minor...$((major + 1))"; do
  find_weft found "$wanted" weft::weft || { cat "$scratch/found.log" >&2; die "find_package(weft $wanted) does not find $version"; }
  rm -rf "$scratch/found"
done
for wanted in "$((major + 1))" "$major.$((minor + 1))" "$version.1" "$((major + 1))...$((major + 2))"; do
  ! find_weft refused "$wanted" weft::weft || die "find_package(weft $wanted) takes $version"
  grep -q "version: $version" "$scratch/refused.log" || { cat "$scratch/refused.log" >&2; die "find_package(weft $wanted) fails otherwise"; }
  rm -rf "$scratch/refused"
done

find_weft shared "$version" weft::weft || { cat "$scratch/shared.log" >&2; die "no weft::weft"; }
build_and_run shared
readelf --dynamic "$scratch/shared/hello" | grep -q 'NEEDED.*libweft\.so' || die "weft::weft is not the shared library"
if [[ -e $libdir/libweft_tls.so ]]; then
  cmake --build "$scratch/shared" --target secure >"$scratch/secure.log" 2>&1 || { tail -n 30 "$scratch/secure.log" >&2; die "weft::tls does not build"; }
  timeout 60 "$scratch/shared/secure" | diff "$here/secure.expected" - || die "secure said something else"
fi
find_weft static "$version" weft::weft_static || { cat "$scratch/static.log" >&2; die "no weft::weft_static"; }
build_and_run static
! readelf --dynamic "$scratch/static/hello" | grep 'NEEDED.*libweft\.so' || die "weft::weft_static is the shared library"

# A prefix that was moved, and a development package that leaves the shared library out.
mv "$prefix" "$scratch/moved"
prefix=$scratch/moved
find "$prefix" -name 'libweft.so*' -delete
find_weft moved "$version" weft::weft || { cat "$scratch/moved.log" >&2; die "no weft in a prefix that was moved"; }
build_and_run moved
find "$prefix" -name 'libweft.a' -delete
! find_weft nothing "$version" weft::weft || die "find_package(weft) finds a weft without a library"
grep -q 'neither libweft.so nor libweft.a' "$scratch/nothing.log" || { cat "$scratch/nothing.log" >&2; die "does not say what is missing"; }

configure fetched fetch_content -DFETCHCONTENT_FULLY_DISCONNECTED=ON -DFETCHCONTENT_SOURCE_DIR_WEFT="$here/../.." \
  -DCMAKE_CXX_FLAGS=-O1 || { tail -n 30 "$scratch/fetched.log" >&2; die "weft's own CMakeLists.txt does not configure"; }
build_and_run fetched
echo "cmake test: weft is found, and only as the version that it is; and it builds as a part of a project"
