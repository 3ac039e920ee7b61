#pragma once
// Room: async. weft and Boost.Asio together. This, and what it is made of, are the only public headers that include
// Boost; all of it is header alone, from Boost 1.74 on. Not part of weft.hpp.
//
//   weft::asio_stream      a stream of weft's for Asio's synchronous algorithms and Beast   async/asio_stream.hpp
//   weft::use_fiber        a completion token that parks the fiber                          async/use_fiber.hpp
//   weft::executor         an executor whose functions are fibers                           async/executor.hpp
//   weft::await, weft::as_awaitable   for Asio's coroutines, too                            async/asio_await.hpp

#include <weft/async/asio_await.hpp>
#include <weft/async/asio_stream.hpp>
#include <weft/async/executor.hpp>
#include <weft/async/use_fiber.hpp>
