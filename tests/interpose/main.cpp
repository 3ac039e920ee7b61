// Room: tests. The cases of interpose: a program of its own, since it has the shared libweft, and libweft_interpose in
// front of libc, as a program of a user's has. Nothing of what the other rooms' tests share is linked here.

#include <gtest/gtest.h>

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
