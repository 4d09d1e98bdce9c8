package setup

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(1) }

func TestNeverRuns(t *testing.T) {}
