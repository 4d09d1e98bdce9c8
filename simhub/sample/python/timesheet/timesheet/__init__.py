"""Time sheets as text: parse, add up, print."""
