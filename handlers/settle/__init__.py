"""Settle a merged pull request's findings: ``task.TASK``."""
