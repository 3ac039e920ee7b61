// std_shim, interpose: exec, for the signal mask alone (child_mask.hpp). libc's own call each other past these names.

#include <cstdarg>
#include <vector>

#include <unistd.h>

#include "child_mask.hpp"
#include "exports.hpp"

using namespace weft::interpose;

namespace {

// What stands behind `first`, to the null at its end; then execle's environment.
struct words {
  words(const char* first, std::va_list* rest) {
    for (const char* word = first; word != nullptr; word = va_arg(*rest, const char*))
      all.push_back(const_cast<char*>(word));
    all.push_back(nullptr);
  }
  std::vector<char*> all;
};

template <class Call>
int become(Call call) {
  return with_mask(mask_for_children(), call);
}

}  // namespace

WEFT_TAKES int execve(const char* path, char* const arguments[], char* const environment[]) noexcept {
  return become([&] { return real().execve(path, arguments, environment); });
}
WEFT_TAKES int execv(const char* path, char* const arguments[]) noexcept {
  return become([&] { return real().execv(path, arguments); });
}
WEFT_TAKES int execvp(const char* file, char* const arguments[]) noexcept {
  return become([&] { return real().execvp(file, arguments); });
}
WEFT_TAKES int execvpe(const char* file, char* const arguments[], char* const environment[]) noexcept {
  return become([&] { return real().execvpe(file, arguments, environment); });
}
WEFT_TAKES int fexecve(int fd, char* const arguments[], char* const environment[]) noexcept {
  return become([&] { return real().fexecve(fd, arguments, environment); });
}

WEFT_TAKES int execl(const char* path, const char* argument, ...) noexcept {
  std::va_list rest;
  va_start(rest, argument);
  const words given(argument, &rest);
  va_end(rest);
  return become([&] { return real().execv(path, given.all.data()); });
}
WEFT_TAKES int execlp(const char* file, const char* argument, ...) noexcept {
  std::va_list rest;
  va_start(rest, argument);
  const words given(argument, &rest);
  va_end(rest);
  return become([&] { return real().execvp(file, given.all.data()); });
}
WEFT_TAKES int execle(const char* path, const char* argument, ...) noexcept {
  std::va_list rest;
  va_start(rest, argument);
  const words given(argument, &rest);
  char* const* const environment = va_arg(rest, char* const*);
  va_end(rest);
  return become([&] { return real().execve(path, given.all.data(), environment); });
}
