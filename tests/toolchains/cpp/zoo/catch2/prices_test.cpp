#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

TEST_CASE("passes", "[tag]") {
  SECTION("one") { CHECK(1 == 1); }
  SECTION("two") { CHECK(2 == 2); }
}
TEST_CASE("fails in a section") {
  SECTION("good") { CHECK(true); }
  SECTION("bad") { CHECK(1 == 2); }
}
TEST_CASE("throws") { throw std::runtime_error("boom"); }
TEST_CASE("asserts nothing") {}
TEST_CASE("may fail", "[!mayfail]") { CHECK(false); }
TEST_CASE("should fail", "[!shouldfail]") { CHECK(false); }
TEST_CASE("a, \"hostile\" [name] <&>") { CHECK(true); }
TEST_CASE("signal") { std::raise(SIGSEGV); }
TEST_CASE("exits with 3") { std::exit(3); }
TEST_CASE("exits with 0") { std::exit(0); }
TEST_CASE("hidden", "[.]") { CHECK(false); }
