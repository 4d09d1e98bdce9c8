"""Draft changelog entries for pull requests: ``task.TASK``."""
