@test "one" {
  true
}

@test "two" {
  if true; then
}
