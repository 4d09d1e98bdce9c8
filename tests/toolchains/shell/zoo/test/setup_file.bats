setup_file() {
  echo "no database"
  false
}

@test "is kept too" {
  true
}

@test "and this" {
  true
}
