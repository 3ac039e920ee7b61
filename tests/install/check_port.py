#!/usr/bin/env python3
"""Room: tests. The manifest of the vcpkg port: the version of meson.build, and the ports whose functions the portfile calls.

    check_port.py PORT_DIRECTORY VERSION
"""
import json
import pathlib
import re
import sys

# A function of vcpkg's that is a port of its own, by the beginning of its name.
PROVIDED_BY = {"vcpkg_configure_meson": "vcpkg-tool-meson", "vcpkg_cmake_config": "vcpkg-cmake-config"}


def main(directory, version):
    manifest = json.loads((directory / "vcpkg.json").read_text(encoding="utf-8"))
    told = (manifest["name"], manifest["version"])
    if told != ("weft", version):
        sys.exit(f"vcpkg.json is of {told}, expected weft {version}: write it there, too")
    names = {each if isinstance(each, str) else each["name"] for each in manifest["dependencies"]}
    portfile = (directory / "portfile.cmake").read_text(encoding="utf-8")
    missing = [port for function, port in PROVIDED_BY.items() if re.search(rf"^{function}", portfile, re.M) and port not in names]
    if "boost-context" not in names or missing:
        sys.exit(f"vcpkg.json depends on {sorted(names)}: add {missing or 'boost-context'}")


main(pathlib.Path(sys.argv[1]), sys.argv[2])
