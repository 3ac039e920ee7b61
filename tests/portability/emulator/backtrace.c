/* backtrace() finds the unwinder, libgcc_s, in the emulated system's libraries.
 * Tests: runtime.a_backtrace_ends* */
#include <execinfo.h>

int main(void) {
  void* frames[9];
  return backtrace(frames, 9) < 2;
}
