"""Make a red commit green again: ``task.TASK``, by ``recipe.HEAL``.

Why it is red is found out by running, never by asking a model. The proof is what failed: its tests, or CI's own
command. What a formatter or a generator mends is mended by it.
"""
