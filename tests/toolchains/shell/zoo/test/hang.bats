@test "is before" {
  true
}

@test "kills" {
  sleep 600
}

@test "is behind" {
  true
}
