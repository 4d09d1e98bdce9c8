#!/usr/bin/env bash

add() {
  echo $(($1 + $2))
}
