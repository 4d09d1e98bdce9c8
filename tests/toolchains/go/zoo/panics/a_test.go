package panics

import "testing"

func TestBefore(t *testing.T) {}

func TestNil(t *testing.T) {
	t.Run("sub", func(t *testing.T) {
		var stock map[string]int
		stock["a"] = 1
	})
}

func TestBehind(t *testing.T) {}

func TestAlsoPanics(t *testing.T) { panic("again") }

func TestLast(t *testing.T) {}
