"""Time a benchmark from inside the sandbox, in a process beside it."""
