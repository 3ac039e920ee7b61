// Room: tests of clients. Runs the main function of somebody else's test program inside a fiber (upstream.py
// compiles it under another name, and this beside it).

#include <cstdlib>

#include <weft/weft.hpp>

extern "C" int upstream_main(int argc, char** argv);

int main(int argc, char** argv) {
  const char* const workers = std::getenv("WEFT_WORKERS");
  const weft::options options{.workers = workers == nullptr ? 2 : std::strtoul(workers, nullptr, 10),
                              .stack_size = 8 << 20};  // as much as its own main had
  return weft::run(options, [&] { return upstream_main(argc, argv); });
}
