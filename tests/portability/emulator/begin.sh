#!/bin/sh
# begin.sh EMULATOR PLACE PROGRAM...: runs the program, and whatever it begins, by the emulator if it is aarch64's. The system is told
# so by binfmt_misc, mounted at PLACE. To be run in namespaces of its own, of users and of mounts, so that nobody else is told.
set -eu
emulator=$1 place=$2
shift 2
mount -t binfmt_misc none "$place"
# The first 20 bytes of such a program: ELF, 64 bits, little-endian; to be run where it says, or anywhere (2, 3); machine 183.
printf '%s%s%s' ':weft-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:' \
  '\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:' "$emulator:F" >"$place/register"
exec "$@"
