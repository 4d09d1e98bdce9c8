package verdicts_test

import "testing"

func TestOutside(t *testing.T) {}
