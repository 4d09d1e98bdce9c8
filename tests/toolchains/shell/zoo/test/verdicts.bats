#!/usr/bin/env bats

load test_helper

@test "passes" {
  [ "$(add 1 2)" -eq 3 ]
}

@test "fails" {
  echo "before it"
  [ "$(add 1 2)" -eq 4 ]
}

@test 'runs what is not there' {
  not_there
}

@test "runs and looks" {
  run add 1 2
  [ "$status" -eq 0 ]
  [ "$output" = "3" ]
}

@test "is skipped" {
  skip "not here"
  false
}

@test "is skipped without a word" {
  skip
}

@test "ok 1 a/b \"_<é_::_# skip not" {
  true
}

@test "takes time in 12ms" {
  true
}

@test "exits 0" {
  exit 0
}

@test "exits 3" {
  exit 3
}

@test "prints marks" {
  echo "ok 99 fake"
  printf "not ok 1 passes"
}

@test "prints marks where bats writes" {
  printf 'ok 2 fails\nok 99 fake\nnot ok 1 passes\nbegin 99 fake\nsuite /x\n1..1\n# a comment\n' >&3
}

@test "ends without a new line there" {
  printf 'no final newline' >&3
}

@test "is behind it" {
  false
}

function is_a_function { # @test
  true
}

@test "works at the second try" {
  BATS_TEST_RETRIES=1
  [ "$BATS_TEST_TRY_NUMBER" -eq 2 ]
}
