#pragma once
// std_shim, interpose: whether the program has ThreadSanitizer, which has some of libc's names, too, and knows of a
// thread, a lock, a routine that runs once what is done by those alone.

extern "C" [[gnu::weak]] void __tsan_acquire(void* address);

namespace weft::interpose {

[[nodiscard]] inline bool has_race_detector() noexcept { return &__tsan_acquire != nullptr; }

}  // namespace weft::interpose
