teardown_file() {
  false
}

@test "is well itself" {
  true
}
