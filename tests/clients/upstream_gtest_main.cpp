// Room: tests of clients. The main function of test programs that have GoogleTest's, for upstream_main.cpp.

#include <gtest/gtest.h>

extern "C" int upstream_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
