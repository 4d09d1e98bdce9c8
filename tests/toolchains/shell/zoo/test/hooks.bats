setup() {
  [ "$BATS_TEST_NUMBER" -ne 1 ]
}

teardown() {
  [ "$BATS_TEST_NUMBER" -ne 2 ]
}

@test "is kept from running" {
  true
}

@test "is not tidied up" {
  true
}

@test "is well" {
  true
}
