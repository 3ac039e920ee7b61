#pragma once
// Room: tests of clients. How many requests a second a client makes: by so many fibers at once on `workers` workers, or
// by so many threads without a runtime. Each has a connection of its own, made before the time begins.
//
//   how=fibers workers=2 count=200 seconds=3
//   how=threads count=2 seconds=3

namespace clients {

struct scenario;
class terms;

long requests_a_second(const scenario& of, const terms& told);

}  // namespace clients
