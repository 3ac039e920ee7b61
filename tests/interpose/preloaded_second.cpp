// Room: tests. A program with a weft of its own inside: libweft_interpose, loaded beside it, knows another one.

#include <weft/runtime/runtime.hpp>

int main() {
  weft::run(weft::options{.workers = 1}, [] {});
}
