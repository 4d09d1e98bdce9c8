load not_there

@test "one" {
  true
}
