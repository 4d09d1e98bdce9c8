"""Explain lines, changes and the code behind issues."""
