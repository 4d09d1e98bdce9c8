@test "is before" {
  true
}

@test "kills" {
  kill -KILL $$
}

@test "is behind" {
  true
}
