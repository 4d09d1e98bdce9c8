"""Look at one incident, keep its issue up to date, start what policy permits: ``task.TASK``."""
