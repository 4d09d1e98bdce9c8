"""Record how our pull requests end: ``triggers.router``."""
