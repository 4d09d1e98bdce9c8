package unbuilt

import "testing"

func TestOne(t *testing.T) { missing() }

func TestTwo(t *testing.T) {}
