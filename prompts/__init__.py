"""Prompt templates only (Jinja2). Untrusted text appears solely through the ``data`` filter."""
