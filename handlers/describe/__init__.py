"""Describe pull requests in their own text."""
