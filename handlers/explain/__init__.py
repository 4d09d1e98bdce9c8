"""Explain lines, changes and code; ``task.TASK`` declares ``/explain``."""
