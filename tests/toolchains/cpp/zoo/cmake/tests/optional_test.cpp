#include <gtest/gtest.h>

int of_a_library_that_is_off();
TEST(Optional, IsNotBuilt) { EXPECT_EQ(of_a_library_that_is_off(), 1); }
