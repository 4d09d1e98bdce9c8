"""Set how long tests wait for something that must come.

Long enough for the busiest machine, because it only ends what hangs.
"""

PATIENCE = 300.0  # seconds
