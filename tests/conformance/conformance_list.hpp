#pragma once
// Room: tests. How a conformance list is written.
//
//   template <class World> using latch_of = typename World::latch;
//   CONFORMANCE_LIST(latch_list, latch_of);
//
//   CONFORMS(latch_list, sentence) {            // a gtest case for each world that has the type, run within that world
//     latch_of<World> l(1);
//     ...
//   }
//
// A list about several types (CONFORMANCE_LIST(mutex_list, mutex_of, timed_mutex_of)) runs on each of them, which is
// World::subject. Cases are named "latch_list/weft_latch.sentence".
// Next: crew.hpp, for who else runs in a case.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <type_traits>

#include <gtest/gtest.h>

#include <conformance/worlds.hpp>

namespace weft::testing {

template <class World, class T>
struct about : World {
  using subject = T;
};

#ifdef WEFT_CONFORMANCE_OF_STD
inline constexpr bool k_with_std = true;
#else
inline constexpr bool k_with_std = false;
#endif

// A world is left out where it has the very type of std.
template <class World, class T, class StdT>
inline constexpr bool k_is_of_its_own = std::is_same_v<World, std_world> ? k_with_std : !std::is_same_v<T, StdT>;

template <class... Types>
struct joined_types;
template <class... A>
struct joined_types<::testing::Types<A...>> {
  using type = ::testing::Types<A...>;
};
template <class... A, class... B, class... More>
struct joined_types<::testing::Types<A...>, ::testing::Types<B...>, More...>
    : joined_types<::testing::Types<A..., B...>, More...> {};

template <template <class> class Of, class World>
using about_if_there = std::conditional_t<k_is_of_its_own<World, Of<World>, Of<std_world>>,
                                          ::testing::Types<about<World, Of<World>>>, ::testing::Types<>>;

template <template <class> class... Of>
using worlds_with = typename joined_types<about_if_there<Of, std_world>..., about_if_there<Of, weft_world>...,
                                          about_if_there<Of, weft_threads_world>...>::type;

// "std_timed_mutex", "weft_on_threads_counting_semaphore_16".
struct name_of_subject {
  template <class World>
  static std::string GetName(int) {
    const std::string type = ::testing::internal::GetTypeName<typename World::subject>();
    const std::size_t end = std::min(type.find('<'), type.size());
    std::string name =
        std::string(World::k_name) + "_" + type.substr(type.rfind(':', end) + 1, end - type.rfind(':', end) - 1);
    if (end + 1 < type.size() && std::isdigit(static_cast<unsigned char>(type[end + 1])) != 0)
      name += "_" + std::to_string(std::stoll(type.substr(end + 1)));
    return name;
  }
};

}  // namespace weft::testing

#define CONFORMANCE_LIST(list, ...)                                \
  template <class World>                                           \
  class list : public ::testing::Test {};                          \
  using list##_worlds = ::weft::testing::worlds_with<__VA_ARGS__>; \
  TYPED_TEST_SUITE(list, list##_worlds, ::weft::testing::name_of_subject)

#define CONFORMS(list, sentence)                                                \
  template <class World>                                                        \
  static void list##_##sentence();                                              \
  TYPED_TEST(list, sentence) { TypeParam::run(&list##_##sentence<TypeParam>); } \
  template <class World>                                                        \
  static void list##_##sentence()
