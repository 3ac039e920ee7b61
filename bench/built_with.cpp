// Room: bench. What these programs were built with, for the record beside the figures.
#include <boost/version.hpp>

#include <string>

#include "figures.hpp"

int main() {
  figures::line out;
#if defined(__clang__)
  out.add("compiler", "clang " __clang_version__);
#else
  out.add("compiler", "g++ " __VERSION__);
#endif
  out.add("boost", std::to_string(BOOST_VERSION / 100'000) + '.' + std::to_string(BOOST_VERSION / 100 % 1'000));
}
