#include <catch2/catch.hpp>

TEST_CASE("sums in another file") { CHECK(1 + 1 == 2); }
