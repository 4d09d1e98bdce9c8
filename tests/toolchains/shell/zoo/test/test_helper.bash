source "$BATS_TEST_DIRNAME/../bin/cart.sh"
