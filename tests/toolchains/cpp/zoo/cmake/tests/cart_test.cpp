#include <gtest/gtest.h>

#include <cstdio>
#include <stdexcept>

#include "cart.h"

TEST(Cart, Passes) { EXPECT_EQ(add(1, 2), 3); }
TEST(Cart, Fails) { EXPECT_EQ(add(1, 2), 4) << "not \"this\" <&>"; }
TEST(Cart, Throws) { throw std::runtime_error("boom"); }
TEST(Cart, Skips) { GTEST_SKIP() << "not here"; }
TEST(Cart, DISABLED_Off) { FAIL(); }
TEST(Cart, PrintsMarks) {
  std::puts("[  FAILED  ] Cart.Passes\n 1/1 Test  #1: zoo.Cart.Passes ...***Failed 0.0 sec");
  std::printf("no line end");
}
// CTest calls it skipped: it looks for this mark in what a test prints
TEST(Cart, PrintsThatItSkips) {
  std::puts("[  SKIPPED ] Cart.PrintsThatItSkips");
  FAIL();
}
TEST(Other, Passes) {}

class Sizes : public testing::TestWithParam<int> {};
TEST_P(Sizes, Small) { EXPECT_LT(GetParam(), 5); }
// CTest names these by value, so that its Small/1 is googletest's Small/0
INSTANTIATE_TEST_SUITE_P(Some, Sizes, testing::Values(1, 0, 9));

template <typename T>
class Kinds : public testing::Test {};
using Numbers = testing::Types<int, double>;
TYPED_TEST_SUITE(Kinds, Numbers);
TYPED_TEST(Kinds, Zero) { EXPECT_EQ(TypeParam{}, 0); }
