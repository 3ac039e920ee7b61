// Room: tests. What nearly every test includes and nobody here changes, compiled once for each program: two thirds of the
// time that its tests take to compile without. They include all the same what they use; a build with -Db_pch=false, as
// ./dev ci's with clang, shows what is missing. (No pragma once: compiled alone, it is the main file.)

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
