"""Review pull requests. ``task`` is the declaration, ``triggers`` start it, ``pipeline`` is its workflow."""
