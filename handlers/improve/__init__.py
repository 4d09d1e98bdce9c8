"""Suggest better code on lines of pull requests: ``task.TASK``."""
