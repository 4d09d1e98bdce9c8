#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

TEST(Crash, Before) {}
TEST(Crash, Signal) { std::raise(SIGSEGV); }
TEST(Crash, Aborts) { std::abort(); }
TEST(Crash, Behind) {}

TEST(Exits, Before) {}
TEST(Exits, Green) { std::exit(0); }
TEST(Exits, Three) { std::exit(3); }
TEST(Exits, Behind) { FAIL(); }

class Hooks : public testing::Test {
 protected:
  static void SetUpTestSuite() { FAIL() << "no suite today"; }
};
TEST_F(Hooks, NeverRuns) {}

TEST(Late, Passes) {
  std::atexit([] { _exit(7); });
}
