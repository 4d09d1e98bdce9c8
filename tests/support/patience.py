"""How long tests wait for what must come: long enough for the busiest machine, because it only ends what hangs."""

PATIENCE = 300.0  # seconds
