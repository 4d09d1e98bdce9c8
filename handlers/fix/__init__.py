"""Fix the bugs that issues report. ``task`` is the declaration."""
