"""Change pull requests as people ask. ``task`` is the declaration, ``triggers`` and ``ci`` start it."""
