"""Answer questions about the code."""
