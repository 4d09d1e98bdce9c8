"""Clean up on disk: ``janitor.Janitor`` removes files of ended tasks, ``scratch.scratch`` those of dead processes."""
