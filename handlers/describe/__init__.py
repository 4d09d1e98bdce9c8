"""Describe pull requests in their own text: ``task.TASK``."""
