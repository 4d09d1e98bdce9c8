#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "cart.h"

TEST(Cart, Passes) { EXPECT_EQ(add(1, 2), 3); }
TEST(Cart, Fails) { EXPECT_EQ(add(1, 2), 4); }
TEST(Cart, Skips) { GTEST_SKIP(); }
TEST(Ends, Signal) { std::raise(SIGSEGV); }
TEST(Ends, Green) { std::exit(0); }
TEST(Ends, Behind) {}
