// Room: tests. What does not compile, and what the compiler then says: one sentence each, which misuse.py looks for.

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include <weft/weft.hpp>

using namespace std::chrono_literals;

void take(int);

void fibers() {
  weft::go(take, "text");              // says: weft::go: no function of such arguments
  weft::go([](int&) {}, 1);            // says: weft::go: no function of such arguments
  weft::go(weft::spawn_options(), 1);  // says: weft::go: no function of such arguments
  auto h = weft::spawn(take, "text");  // says: weft::spawn: no function of such arguments
  weft::task_group g;
  g.go(take, "text");                  // says: weft::task_group::go: no function of such arguments
  weft::thread t(take, "text");        // says: weft::thread: no function of such arguments
  weft::jthread j(take, "text");       // says: weft::jthread: no function of such arguments
  auto f = weft::async(take, "text");  // says: weft::async: no function of such arguments
  weft::blocking(take);                // says: weft::blocking: the function takes no arguments
}

void channels() {
  weft::channel<int> ch;
  weft::select(weft::recv(ch, [](int) {}));     // says: the handler takes std::optional<T>: empty when closed
  weft::select(weft::send(ch, 1, [](int) {}));  // says: weft::send: it takes no arguments
  weft::select(weft::after(1s, [](int) {}));    // says: weft::after: the handler takes no arguments
  weft::select(weft::otherwise([](int) {}));    // says: weft::otherwise: the handler takes no arguments
  weft::select();                               // says: weft::select: without a case it would wait for ever
  auto kept = weft::recv(ch, [](auto) {});
  weft::select(kept);                   // says: weft::select: only recv(), send(), after(), otherwise() in it
  weft::channel<int&> references;       // says: weft::channel carries values: no references
  weft::channel<std::mutex> unmovable;  // says: weft::channel moves its values
}

void streams(weft::net::tcp_stream conn) {
  const auto write = [c = std::move(conn)] { c.write_all("text"); };  // says: a const stream: is the lambda mutable?
}
