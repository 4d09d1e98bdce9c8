"""Answer GitHub's custom deployment protection rule: ``triggers.router``."""
