#pragma once
// Room: tests. Relacy's engine, which is a template on the model that it runs: seconds to compile for each mutant. So
// it is compiled once, in engine.cpp, for a stand-in that asks whatever model it is given.
// Next: search.hpp.

#include <cstddef>
#include <new>

#include "model_env.hpp"

namespace weft::model {

// A model, whatever its type. One is made anew for each execution, and not destroyed where the execution failed.
struct any_model {
  virtual ~any_model() = default;
  virtual void before() = 0;
  virtual void thread(unsigned index) = 0;
  virtual void after() = 0;
};

constexpr unsigned k_most_threads = 4;

// Where it lies: room for the largest.
struct alignas(64) model_space {
  std::byte bytes[64 << 10];
};

struct model_kind {
  unsigned threads;
  any_model* (*make)(model_space& space);
};

// True if each execution passes. `params` tell how many, and receive what went wrong.
bool explore(const model_kind& kind, rl::test_params& params);

template <class Model>
class held_model final : public any_model {
 public:
  void before() override { model_.before(); }
  void thread(unsigned index) override { model_.thread(index); }
  void after() override { model_.after(); }

 private:
  Model model_;
};

// Of a model that is written as an rl::test_suite.
template <class Model>
constexpr model_kind kind_of() {
  using held = held_model<Model>;
  static_assert(Model::params::thread_count <= k_most_threads, "engine.cpp: add a case");
  static_assert(sizeof(held) <= sizeof(model_space) && alignof(held) <= alignof(model_space));
  return {Model::params::thread_count, [](model_space& space) -> any_model* { return ::new (space.bytes) held; }};
}

}  // namespace weft::model
