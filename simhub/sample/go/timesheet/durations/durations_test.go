package durations

import "testing"

func TestOneUnit(t *testing.T) {
	for text, want := range map[string]int{"2h": 7200, "45m": 2700, "10s": 10} {
		if got, err := Parse(text); got != want || err != nil {
			t.Errorf("%s is %d, %v", text, got, err)
		}
	}
}

func TestNoDuration(t *testing.T) {
	if _, err := Parse("soon"); err == nil {
		t.Error("no error")
	}
}
