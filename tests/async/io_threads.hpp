#pragma once
// Room: tests. An io_context that plain threads run, until the end of the scope.

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace weft::testing {

class io_threads {
 public:
  explicit io_threads(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { io.run(); });
  }
  ~io_threads() {
    work_.reset();
    for (std::thread& each : threads_) each.join();
  }
  io_threads(const io_threads&) = delete;
  io_threads& operator=(const io_threads&) = delete;

  boost::asio::io_context io;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io.get_executor()};
  std::vector<std::thread> threads_;
};

}  // namespace weft::testing
