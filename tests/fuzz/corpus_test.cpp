// Room: tests. The kept inputs of each target (targets.hpp), and some thousand made of them by a seed: bytes changed,
// left out, doubled and taken from another.

#include "targets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <support/seed.hpp>

namespace {

struct named_target {
  const char* name;
  void (*run)(std::string_view);
};

std::vector<std::string> kept_inputs(const char* name) {
  std::vector<std::string> kept;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(WEFT_CORPUS) / name)) {
    std::ifstream file(entry.path(), std::ios::binary);
    kept.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  std::sort(kept.begin(), kept.end());  // a seed means the same everywhere
  return kept;
}

class parsers : public testing::TestWithParam<named_target> {};

TEST_P(parsers, hold_what_they_promise_of_kept_inputs) {
  const auto kept = kept_inputs(GetParam().name);
  EXPECT_GE(kept.size(), 10u) << "of " << WEFT_CORPUS;
  for (const std::string& input : kept) EXPECT_NO_THROW(GetParam().run(input)) << "'" << input << "'";
}

class maker {
 public:
  explicit maker(std::vector<std::string> kept) : kept_(std::move(kept)), random_(weft::testing::seed_of_this_test()) {}

  std::string make() {
    std::string made = any();
    for (std::size_t changes = 1 + below(4); changes != 0; --changes) change(made);
    return made;
  }

 private:
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(random_() % end); }
  const std::string& any() { return kept_[below(kept_.size())]; }

  void change(std::string& made) {
    const std::size_t at = below(made.size() + 1);
    const std::string& other = any();
    const std::size_t from = below(other.size() + 1);
    switch (below(4)) {
      case 0: made.insert(at, 1, static_cast<char>(below(256))); return;
      case 1: made.erase(at, 1 + below(3)); return;
      case 2: made.insert(at, made.substr(at, 1 + below(8))); return;
      default: made.replace(at, below(4), other.substr(from, 1 + below(8))); return;
    }
  }

  const std::vector<std::string> kept_;
  std::mt19937_64 random_;
};

TEST_P(parsers, hold_what_they_promise_of_inputs_made_of_these) {
  maker inputs(kept_inputs(GetParam().name));
  for (int i = 0; i < 2'000; ++i) {
    const std::string input = inputs.make();
    ASSERT_NO_THROW(GetParam().run(input)) << "keep it in " << WEFT_CORPUS << "/" << GetParam().name;
  }
}

INSTANTIATE_TEST_SUITE_P(all, parsers,
                         testing::Values(named_target{"address", &weft::fuzz::address},
                                         named_target{"settings", &weft::fuzz::settings}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
