package exit3

import (
	"os"
	"testing"
)

func TestBefore(t *testing.T) {}

func TestEnds(t *testing.T) { os.Exit(3) }

func TestBehind(t *testing.T) {}
