#!/usr/bin/env bash
# Room: tests. `sed s/std::/weft::/` on whole programs: each of programs/ is compiled as it stands, on std's threads, and
# again with the words of std_words.txt taken from weft, its main in weft::run; both must say the same. And weft must
# have every one of the words.
#
#   tests/conformance/run_sed_test.sh BUILD_DIR     a configured build directory of weft
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/install/install_to_scratch.sh
source "$here/../install/install_to_scratch.sh"

die() {
  printf 'sed test: %s\n' "$*" >&2
  exit 1
}

words=$(sed -n 's/^[a-z_]*: //p' "$here/std_words.txt" | tr ' ' '\n')
alternatives=$(paste -sd'|' <<<"$words")

# compile SOURCE PROGRAM FLAG...
compile() { ${CXX:-g++} -std=c++20 -O1 -Wall -Wextra -Werror "$1" -o "$2" "${@:3}" || die "$1 does not compile"; }

# --- every word is weft's

{
  echo '#include <weft/weft.hpp>'
  grep -vx this_thread <<<"$words" | sed 's/.*/using weft::&;/'
  for call in get_id yield sleep_for sleep_until; do echo "using weft::this_thread::$call;"; done
  echo 'int main() {}'
} >"$scratch/words.cpp"
# shellcheck disable=SC2086  # the flags are words
compile "$scratch/words.cpp" "$scratch/words" $flags

# --- every program says the same

says() { timeout 60 "$1" || die "$1 ended with exit status $?"; }

compared=0
for program in "$here"/programs/*.cpp; do
  name=$(basename "$program" .cpp)
  sed -E -e "s/\bstd::($alternatives)\b/weft::\1/g" -e 's/^int main\(\) \{/static int program() {/' \
    "$program" >"$scratch/on_weft.cpp"
  echo 'int main() { return weft::run(program); }' >>"$scratch/on_weft.cpp"
  compile "$program" "$scratch/$name.std" -pthread
  # shellcheck disable=SC2086
  compile "$scratch/on_weft.cpp" "$scratch/$name.weft" -include weft/weft.hpp $flags
  says "$scratch/$name.std" >"$scratch/expected"
  [[ -s $scratch/expected ]] || die "$name says nothing"
  for workers in 1 2 4; do
    WEFT_WORKERS=$workers says "$scratch/$name.weft" | diff "$scratch/expected" - ||
      die "$name says something else on weft, with $workers workers"
  done
  compared=$((compared + 1))
done

((compared > 0)) || die "no program was compared"
echo "sed test: $(wc -w <<<"$words") names; $compared programs say the same on weft as on std"
