"""Answer questions about the code; ``task.TASK`` declares ``/ask``."""
