#pragma once
// Room: runtime. What is meant to be seen by others before anything tells the race detector that it is there: not
// judged while one of these lives. Who has one says in a comment why there is no race. Nothing without that detector.

#include <weft/runtime/detail/require_cpp20.hpp>

#if defined(__SANITIZE_THREAD__)
#define WEFT_JUDGES_RACES 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT_JUDGES_RACES 1
#endif
#endif

#pragma GCC visibility push(default)

#if defined(WEFT_JUDGES_RACES)
extern "C" void AnnotateIgnoreWritesBegin(const char* file, int line);
extern "C" void AnnotateIgnoreWritesEnd(const char* file, int line);
#endif

namespace weft::detail {

// The writes of this thread. No switch point while one lives.
class meant_race {
 public:
#if defined(WEFT_JUDGES_RACES)
  meant_race() noexcept { AnnotateIgnoreWritesBegin(__FILE__, __LINE__); }
  ~meant_race() { AnnotateIgnoreWritesEnd(__FILE__, __LINE__); }
#else
  meant_race() noexcept {}
  ~meant_race() {}
#endif
  meant_race(const meant_race&) = delete;
  meant_race& operator=(const meant_race&) = delete;
};

}  // namespace weft::detail

#pragma GCC visibility pop

#undef WEFT_JUDGES_RACES
