#pragma once
// Room: netpoll. Child processes, in blocking style.
//
//   net::process sort({"sort", "-n"}, {.in = net::stdio::pipe(), .out = net::stdio::pipe()});
//   sort.in().write_all("10\n9\n");
//   sort.in().close();                                       // sort sees the end of its input
//   char buf[4096];
//   while (auto n = sort.out().read_some(buf)) consume(std::span(buf, n));
//   net::exit_status how = sort.wait();                      // {.code = 0}
//
//   auto [text, how] = net::output_of({"git", "rev-parse", "HEAD"}, {.directory = "/src/weft"});
//
// The child begins with no signal blocked, none ignored, and with nothing open but its standard input, output and
// error, and what the program itself left inheritable: descriptors of weft are closed by exec. What it is given for
// standard input and output is as it was: a pipe is a blocking one. (Its other end parks fibers all the same.)
// Ends. A process is owned like a thread of std::jthread: an object that goes while its child lives kills it (SIGKILL)
// and waits for that, which takes no longer than the system takes. detach() lets it live; it is reaped in the
// background, also after every runtime has ended. No child is left a zombie while the program lives. One that lives on
// keeps nobody from finding out that all fibers are asleep for ever: it wakes none.
// After fork(). Children are the parent's. In the forked process each operation of an object from before is
// std::errc::no_child_process, and its end kills nobody; what that process starts, detached or not, is its own.
// Waiting. wait and wait_for are cancellation points; several may wait at once. A cancelled wait leaves the child
// alone, unless options.kill_on_cancel says otherwise; the limit of wait_for always does.
// Threads. All calls at any time, but moving and destroying, which are the owner's, when nobody is inside another call.
// Needs a runtime (std::logic_error) but for kill, terminate, try_wait, detach and the end.
// SIGCHLD. If the program ignores it, or calls waitpid(-1), the system or the program reaps the child, and wait says
// net::errc::status_taken once it has ended. Nothing of weft handles or changes that signal.
// The pipes are streams (descriptor_stream.hpp, byte_stream.hpp). Read both out and err if both are pipes, each in a
// fiber of its own, or the child will wait for whom nobody reads.
// Next: descriptor_stream.hpp.

#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <sys/types.h>

#include <weft/netpoll/descriptor_stream.hpp>
#include <weft/netpoll/time_limit.hpp>
#include <weft/runtime/detail/owned.hpp>

namespace weft::net {
class child_ends;
}

#pragma GCC visibility push(default)

namespace weft::net {

// What a child has for standard input, output or error.
class stdio {
 public:
  [[nodiscard]] static constexpr stdio inherit() noexcept { return stdio(kind::inherit, -1); }
  [[nodiscard]] static constexpr stdio null() noexcept { return stdio(kind::null, -1); }  // /dev/null
  [[nodiscard]] static constexpr stdio pipe() noexcept { return stdio(kind::pipe, -1); }  // to process::in, out or err
  // A duplicate of it; the caller keeps his own. Needed until the process has been made.
  [[nodiscard]] static constexpr stdio descriptor(int fd) noexcept { return stdio(kind::descriptor, fd); }
  // For standard error alone: where standard output goes (2>&1).
  [[nodiscard]] static constexpr stdio output() noexcept { return stdio(kind::output, -1); }

 private:
  friend class child_ends;
  enum class kind : unsigned char { inherit, null, pipe, descriptor, output };
  constexpr stdio(kind k, int fd) noexcept : kind_(k), fd_(fd) {}

  kind kind_;
  int fd_;
};

struct process_options {
  stdio in = stdio::inherit();
  stdio out = stdio::inherit();
  stdio err = stdio::inherit();

  // "NAME=value" is set, "NAME" is taken out; all else is as in this program, or empty. Read while the process is made:
  // nobody may call setenv meanwhile.
  std::vector<std::string> environment = {};
  bool inherit_environment = true;

  std::string directory = {};   // where it works; empty: where this program does
  bool new_group = false;       // it leads a process group of its own, which kill and the end of the object reach
  bool kill_on_cancel = false;  // a wait that is cancelled kills it (SIGKILL), and is over when it is reaped
};

// How a child ended.
struct exit_status {
  int code = -1;   // what main returned, or exit was given; -1: ended by a signal
  int signal = 0;  // that ended it; 0: none did
  bool core_dumped = false;

  [[nodiscard]] bool success() const noexcept { return code == 0; }
  friend bool operator==(const exit_status&, const exit_status&) = default;
};

// "exited with 3", "ended by signal 11 (core dumped)".
[[nodiscard]] std::string to_string(const exit_status& how);

class process {
 public:
  // No child: every operation is std::errc::no_child_process. So is one that was moved from.
  process() noexcept;

  // Starts a program: arguments[0], looked for along this program's PATH unless it has a slash; relative to
  // `options.directory` if there is one. Returns when the child has become the program: that there is none
  // (std::errc::no_such_file_or_directory) or may not be run is told here, by name. Parks; a cancellation point before
  // anything has happened.
  explicit process(std::vector<std::string> arguments, const process_options& options = {});
  process(std::vector<std::string> arguments, const process_options& options, std::error_code& ec);

  process(process&&) noexcept;
  process& operator=(process&&) noexcept;
  // Kills the child if it lives, and reaps it. Parks until then, shielded; blocks where there is no fiber. One that may
  // not be killed (a set-uid program) is let go, as by detach.
  ~process();

  [[nodiscard]] pid_t pid() const noexcept;  // -1 if there is no child

  // Our ends of its pipes; a stream without a descriptor where there is none. `in` is what the child reads. They go
  // with this object, and may be moved out of it.
  [[nodiscard]] descriptor_stream& in();
  [[nodiscard]] descriptor_stream& out();
  [[nodiscard]] descriptor_stream& err();

  // Parks until the child has ended. The same answer again, as often as it is asked.
  exit_status wait();
  exit_status wait(std::error_code& ec);

  // The same for so long, or until a point in time; nullopt: it still lives (with an error_code, also after an error).
  [[nodiscard]] std::optional<exit_status> wait_for(time_limit t);
  [[nodiscard]] std::optional<exit_status> wait_for(time_limit t, std::error_code& ec);

  // Does not wait, nor park.
  [[nodiscard]] std::optional<exit_status> try_wait();
  [[nodiscard]] std::optional<exit_status> try_wait(std::error_code& ec);

  // Sends a signal, to the whole group if the child has one of its own. If it is over already the plain forms do
  // nothing, the others say std::errc::no_such_process.
  void kill(int signal);
  void kill(int signal, std::error_code& ec);
  void kill();       // SIGKILL: ends it whatever it does
  void terminate();  // SIGTERM: asks it to end

  // Lets it live on; this object has no child any more, and its pipes are closed. The child is reaped when it ends, by
  // a thread that is there while there are such children. If that cannot be had, the process stays as it was.
  void detach();
  void detach(std::error_code& ec);

 private:
  struct [[gnu::visibility("hidden")]] state;
  [[nodiscard]] descriptor_stream& stream(int which, const char* call);

  weft::detail::owned<state> state_;
};

struct process_output {
  std::string text;  // all that it wrote to standard output
  exit_status how;
};

// Runs a program to its end, and collects its standard output; `options.out` is not asked. More than `limit` bytes:
// the child is killed, std::errc::file_too_large. Also when cancelled it is killed.
[[nodiscard]] process_output output_of(std::vector<std::string> arguments, process_options options = {},
                                       std::size_t limit = std::size_t{1} << 30);

}  // namespace weft::net

#pragma GCC visibility pop
