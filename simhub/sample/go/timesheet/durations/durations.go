// Package durations reads how long an entry of a timesheet took.
package durations

import (
	"fmt"
	"regexp"
	"strconv"
)

var (
	token   = regexp.MustCompile(`(\d+)([hms])`)
	seconds = map[string]int{"h": 3600, "m": 60, "s": 1}
)

// Parse returns the seconds of a text such as "45m".
func Parse(text string) (int, error) {
	found := token.FindStringSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("not a duration: %q", text)
	}
	amount, err := strconv.Atoi(found[1])
	return amount * seconds[found[2]], err
}
