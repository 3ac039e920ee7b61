#pragma once
// Room: tests. Runs models: a protocol must come through every explored execution, and each of its mutants must fail
// in one. A model is a rl::test_suite; its name and what is searched are printed. The executions are numbered and the
// same in every run, so a failure replays itself (with its whole history). A factor as the program's argument
// searches longer.

#include <cstdlib>
#include <iostream>
#include <memory>
#include <streambuf>
#include <string_view>

#include "engine.hpp"

namespace weft::model {

// Keeps what Relacy writes, in memory that is there from the start: inside a model, allocation is Relacy's.
class report : std::streambuf {
 public:
  report() { setp(text_.get(), text_.get() + k_size); }
  std::ostream& stream() { return stream_; }
  std::string_view text() const { return {pbase(), static_cast<std::size_t>(pptr() - pbase())}; }

 private:
  static constexpr std::size_t k_size = 1 << 20;
  std::unique_ptr<char[]> text_ = std::make_unique<char[]>(k_size);
  std::ostream stream_{this};
};

class search {
 public:
  search(int argc, char** argv) {
    if (argc > 1) factor_ = std::strtoull(argv[1], nullptr, 10);
    if (factor_ == 0) factor_ = 1;
  }

  // The protocol itself: no execution may fail.
  template <class Model>
  void must_pass(const char* what, std::uint64_t executions) {
    rl::test_params params;
    report kept;
    const bool ok = run(kind_of<Model>(), params, executions * factor_, kept);
    std::cout << (ok ? "passed:        " : "FAILED:        ") << what << ", " << params.stop_iteration
              << " executions\n";
    if (!ok) std::cout << kept.text();
    failed_ |= !ok;
  }

  // A protocol with a step left out or weakened: some execution must fail, or the model proves nothing.
  template <class Mutant>
  void must_fail(const char* what, std::uint64_t executions) {
    rl::test_params params;
    report kept;
    const bool ok = !run(kind_of<Mutant>(), params, executions, kept);
    std::cout << (ok ? "mutant caught: " : "MUTANT LIVES:  ") << what << ", execution " << params.stop_iteration;
    if (ok) std::cout << ", " << rl::test_result_str(params.test_result);
    std::cout << '\n';
    failed_ |= !ok;
  }

  int exit_code() const { return failed_ ? EXIT_FAILURE : EXIT_SUCCESS; }

 private:
  static bool run(const model_kind& kind, rl::test_params& params, std::uint64_t executions, report& kept) {
    params.iteration_count = executions;
    params.output_stream = &kept.stream();
    params.progress_stream = &kept.stream();
    return explore(kind, params);
  }

  std::uint64_t factor_ = 1;
  bool failed_ = false;
};

}  // namespace weft::model
