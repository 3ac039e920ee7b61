// Each name that is taken, as a program and its libraries find it.

#include <cstring>

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <taken_names.hpp>

namespace {

constexpr const char* k_taken[] = {
#define WEFT_ONE(name) #name,
#define WEFT_ALIAS(alias, name) #alias,
    WEFT_TAKEN_NAMES(WEFT_ONE, WEFT_ALIAS)
#undef WEFT_ONE
#undef WEFT_ALIAS
};

const void* base_of(void* address) {
  Dl_info info{};
  return ::dladdr(address, &info) != 0 ? info.dli_fbase : nullptr;
}

TEST(names, each_comes_to_the_interposer_and_libc_has_it_too) {
  void* const ours = ::dlsym(RTLD_DEFAULT, "pthread_mutex_lock");
  void* const libc = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  ASSERT_NE(base_of(ours), base_of(::dlsym(libc, "pthread_mutex_lock")));
  for (const char* const name : k_taken) {
    void* const found = ::dlsym(RTLD_DEFAULT, name);
    EXPECT_NE(found, nullptr) << name;
    EXPECT_EQ(base_of(found), base_of(ours)) << name;
    // What libc has for old programs alone (__res_query, __pthread_once) is not found without its version.
    const bool may_be_old = std::strncmp(name, "__", 2) == 0;
    EXPECT_TRUE(may_be_old || ::dlsym(libc, name) != nullptr) << name;
  }
  ::dlclose(libc);
}

// An alias is the same function, not one that merely does the same.
TEST(names, an_alias_is_the_function_itself) {
#define WEFT_ONE(name)
#define WEFT_ALIAS(alias, name) EXPECT_EQ(::dlsym(RTLD_DEFAULT, #alias), ::dlsym(RTLD_DEFAULT, #name)) << #alias;
  WEFT_TAKEN_NAMES(WEFT_ONE, WEFT_ALIAS)
#undef WEFT_ONE
#undef WEFT_ALIAS
}

}  // namespace
