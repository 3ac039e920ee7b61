"""weft for Conan 2: the sources of the checkout that this recipe lies in, built by meson.

    conan create .packaging/conan -s compiler.cppstd=20
"""
import pathlib
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, rmdir
from conan.tools.gnu import PkgConfigDeps
from conan.tools.layout import basic_layout
from conan.tools.meson import Meson, MesonToolchain

# What weft is built from: none of its tests.
SOURCES = ("meson.build", "meson_options.txt", "LICENSE", ".packaging/*", "runtime/*", "netpoll/*", "sync/*", "std_shim/*")


class WeftRecipe(ConanFile):
    name = "weft"
    license = "BSL-1.0"
    description = "Go-style fibers for C++20: write blocking code, run a million of them, never see the loop"
    topics = ("fibers", "green-threads", "concurrency", "networking")
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False]}
    default_options = {"shared": False}
    package_type = "library"

    @property
    def _checkout(self):
        return pathlib.Path(self.recipe_folder).parents[1]

    def set_version(self):
        # Told once, in meson.build.
        line = re.search(r"^  version: '([0-9.]+)',$", (self._checkout / "meson.build").read_text(encoding="utf-8"), re.M)
        if line is None:
            raise ValueError(f"{self._checkout}/meson.build has no line \"  version: '1.2.3',\": take it from a release")
        self.version = line.group(1)

    def export_sources(self):
        for pattern in SOURCES:
            copy(self, pattern, src=str(self._checkout), dst=self.export_sources_folder)

    def requirements(self):
        # <weft/asio.hpp> includes Boost's headers.
        self.requires("boost/[>=1.74 <2]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        basic_layout(self)

    def generate(self):
        PkgConfigDeps(self).generate()
        toolchain = MesonToolchain(self)
        toolchain.project_options.update({"tests": False, "examples": False, "bench": False})
        toolchain.generate()

    def build(self):
        meson = Meson(self)
        meson.configure()
        meson.build()

    def package(self):
        Meson(self).install()
        copy(self, "LICENSE", src=self.source_folder, dst=str(pathlib.Path(self.package_folder) / "licenses"))
        # Conan writes its own of both.
        for generated in ("cmake", "pkgconfig"):
            rmdir(self, str(pathlib.Path(self.package_folder) / "lib" / generated))

    def package_info(self):
        self.cpp_info.libs = ["weft"]
        # Guards are a few pages wide: without it a frame larger than that steps over the guard.
        self.cpp_info.cxxflags = self.cpp_info.cflags = ["-fstack-clash-protection"]
        self.cpp_info.requires = ["boost::headers", "boost::context"]
        self.cpp_info.system_libs = ["pthread"]
