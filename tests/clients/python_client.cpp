// Room: tests of clients. A Python interpreter that is embedded, with asyncio's loop in it: the interpreter is a fiber
// that is pinned, for it remembers its thread, and parks where its loop waits. Two hundred fibers talk to it with
// libc's own calls.

#include <Python.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client_support.hpp"

namespace {

using clients::expect;
using clients::expect_equal;
using clients::k_crowd;
using clients::terms;

constexpr const char* k_script = R"(
import asyncio, time, host

waiting, all_are_there = 0, None

async def together(count):
    global waiting
    waiting += 1
    host.note_waiting(waiting)
    if waiting == count:
        all_are_there.set()
    await all_are_there.wait()

async def answer(word, number, stop):
    if word == "double":
        return 2 * number
    if word == "together":
        await together(number)
    elif word == "block":          # the loop itself, and so all who talk to it, but no worker
        time.sleep(number / 1000)
    elif word == "held":
        host.note_waiting(-1)
        await asyncio.sleep(3600)
    elif word == "stop":
        stop.set()
    elif word == "wrong":
        raise ValueError(number)
    return number

async def converse(reader, writer, stop):
    try:
        while line := await reader.readline():
            word, number = line.decode().split()
            try:
                writer.write(b"%d\n" % await answer(word, int(number), stop))
            except ValueError as wrong:
                writer.write(f"wrong {wrong}\n".encode())
            await writer.drain()
    except OSError:
        pass
    writer.close()

async def main():
    global waiting, all_are_there
    waiting, all_are_there = 0, asyncio.Event()
    stop = asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)   # of tasks that end with the loop
    server = await asyncio.start_server(lambda r, w: converse(r, w, stop), "127.0.0.1", 0, backlog=1024)
    host.note_port(server.sockets[0].getsockname()[1])
    await stop.wait()

asyncio.run(main())
)";

// --- What the script may call.

std::atomic<int> g_port = 0;     // 0: it does not listen yet
std::atomic<int> g_waiting = 0;  // as the script counts them
std::atomic<int> g_held = 0;

PyObject* note_port(PyObject*, PyObject* number) {
  g_port = static_cast<int>(PyLong_AsLong(number));
  Py_RETURN_NONE;
}

PyObject* note_waiting(PyObject*, PyObject* number) {
  const long waiting = PyLong_AsLong(number);
  if (waiting < 0)
    ++g_held;
  else
    g_waiting = static_cast<int>(waiting);
  Py_RETURN_NONE;
}

PyObject* make_host() {
  static PyMethodDef functions[] = {{"note_port", note_port, METH_O, nullptr},
                                    {"note_waiting", note_waiting, METH_O, nullptr},
                                    {nullptr, nullptr, 0, nullptr}};
  static PyModuleDef module = {
      PyModuleDef_HEAD_INIT, "host", nullptr, -1, functions, nullptr, nullptr, nullptr, nullptr};
  return PyModule_Create(&module);
}

// --- The interpreter, for as long as its script runs. Whether it ended by itself.

void initialize() {
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  config.install_signal_handlers = 0;  // signals are the program's
  PyConfig_SetBytesString(&config, &config.program_name, WEFT_PYTHON);
  const PyStatus status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) throw std::runtime_error(status.err_msg);
}

bool run_interpreter() {
  initialize();
  PyObject* const main = PyImport_AddModule("__main__");
  PyObject* const names = PyModule_GetDict(main);
  PyObject* const outcome = PyRun_String(k_script, Py_file_input, names, names);
  const bool is_well = outcome != nullptr;
  Py_XDECREF(outcome);
  PyErr_Clear();
  Py_FinalizeEx();
  return is_well;
}

class interpreter {
 public:
  interpreter() : fiber_(begun()) {
    clients::wait_until("Python listens", [] { return g_port != 0; });
  }
  [[nodiscard]] bool join() { return fiber_.join(); }
  void ask_to_end() { fiber_.request_stop(); }

 private:
  static weft::join_handle<bool> begun() {
    g_port = g_waiting = g_held = 0;
    return weft::spawn({.name = "python", .stack_size = 4 << 20, .pinned = true}, run_interpreter);
  }

  weft::join_handle<bool> fiber_;
};

// --- Who talks to it.

class connection {
 public:
  connection() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(g_port));
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&where), sizeof(where)) != 0)
      throw std::runtime_error("connect");
  }
  ~connection() { ::close(socket_); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  // Empty: it left.
  std::string ask(const std::string& word, int number) {
    const std::string line = word + ' ' + std::to_string(number) + '\n';
    if (::send(socket_, line.data(), line.size(), MSG_NOSIGNAL) < 0) return {};
    std::string answer;
    char next = 0;
    while (::recv(socket_, &next, 1, 0) == 1 && next != '\n') answer += next;
    return answer;
  }

 private:
  const int socket_;
};

void answers_are_right() {
  clients::at_once(k_crowd, [&](int i) {
    connection python;
    expect_equal(python.ask("double", i), std::to_string(2 * i), "an answer");
    expect_equal(python.ask("wrong", i), "wrong " + std::to_string(i), "an exception");
    expect_equal(python.ask("double", -i), std::to_string(-2 * i), "an answer after it");
  });
}

void wait_side_by_side(clients::bystanders& others) {
  weft::task_group crowd;
  const auto ask = [] { expect_equal(connection().ask("together", k_crowd), std::to_string(k_crowd), "together"); };
  for (int i = 1; i < k_crowd; ++i) crowd.go(ask);
  clients::wait_until("all but one wait in Python", [] { return g_waiting == k_crowd - 1; });
  clients::expect_few_threads("while all wait in Python");
  others.go_on();
  ask();
  crowd.wait();
}

// A script that sleeps holds up its own loop, and no worker.
void a_loop_that_is_slow(clients::bystanders& others) {
  weft::task_group crowd;
  crowd.go([] { expect_equal(connection().ask("block", 300), "300", "who makes it sleep"); });
  crowd.go([] { answers_are_right(); });
  others.go_on();
  clients::expect_few_threads("while Python sleeps");
  crowd.wait();
}

// It is asked to end in the middle of its loop's wait: its script ends by an exception of Python's.
void a_loop_that_is_called_off(interpreter& python, clients::bystanders& others) {
  weft::task_group crowd;
  for (int i = 0; i < k_crowd; ++i)
    crowd.go([] { expect_equal(connection().ask("held", 1), "", "of a loop that ended"); });
  clients::wait_until("all are held", [] { return g_held == k_crowd; });
  python.ask_to_end();
  expect(!python.join(), "a loop that was called off ends by an exception");
  crowd.wait();
  others.go_on();
}

void check(const terms&) {
  clients::bystanders others;
  {
    interpreter python;
    answers_are_right();
    wait_side_by_side(others);
    a_loop_that_is_slow(others);
    a_loop_that_is_called_off(python, others);
  }
  interpreter again;
  answers_are_right();
  expect_equal(connection().ask("stop", 0), "0", "being told to stop");
  expect(again.join(), "a loop that was told to stop ends well");
}

// For figures: the loop is a fiber beside fibers, and a thread beside threads. All who talk to it share it.
class shared_loop {
 public:
  explicit shared_loop(bool is_fiber) {
    g_port = 0;
    if (is_fiber)
      fiber_.emplace(weft::spawn({.name = "python", .stack_size = 4 << 20, .pinned = true}, run_interpreter));
    else
      thread_ = std::thread(run_interpreter);
    while (g_port == 0) ::usleep(1'000);
  }
  ~shared_loop() {
    connection().ask("stop", 0);
    if (fiber_) fiber_->join();
    if (thread_.joinable()) thread_.join();
  }
  shared_loop(const shared_loop&) = delete;
  shared_loop& operator=(const shared_loop&) = delete;

 private:
  std::optional<weft::join_handle<bool>> fiber_;
  std::thread thread_;
};

class doubles final : public clients::session {
 public:
  explicit doubles(const terms& told) : loop_(shared(told)) {}
  void request() override {
    if (python_.ask("double", 21) != "42") throw std::runtime_error("double");
  }

 private:
  static std::shared_ptr<shared_loop> shared(const terms& told) {
    static std::weak_ptr<shared_loop> known;
    auto loop = known.lock();
    if (loop == nullptr) known = loop = std::make_shared<shared_loop>(told["how"] == "fibers");
    return loop;
  }

  const std::shared_ptr<shared_loop> loop_;
  connection python_;
};

}  // namespace

int main(int argc, char** argv) {
  PyImport_AppendInittab("host", &make_host);
  return clients::run(argc, argv, {.check = check, .connect = [](const terms& told, int) {
                                     return std::unique_ptr<clients::session>(new doubles(told));
                                   }});
}
