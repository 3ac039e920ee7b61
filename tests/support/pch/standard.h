// Room: tests. What nearly every test includes and nobody here changes, compiled once for each program: about half of the
// time that a test takes to compile without optimisation. They include all the same what they use; the builds without it,
// release and ./dev ci's with clang (-Db_pch=false), show what is missing. (No pragma once: compiled alone, it is the
// main file.)

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
