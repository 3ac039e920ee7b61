// Two fibers and a channel. One sends three numbers, the other prints them.
//
//   hello
#include <weft/weft.hpp>
#include <iostream>

int main() {
  weft::run([] {                               // starts workers + netpoller, runs this as the main fiber
    weft::channel<int> ch;                     // unbuffered; a cheap shared handle, like Go's chan
    weft::go([ch] {                            // fire and forget, like `go`
      for (int i = 0; i < 3; ++i) ch.send(i);  // handle semantics: members are const
      ch.close();
    });
    for (int v : ch) std::cout << v << '\n';  // ends when closed and drained
  });
}
