"""Documentation and the facts behind it: passages, what they name, and whether the code has it.

Everything but ``snapshot.read_snapshot`` is pure, over a :class:`~bot.documentation.snapshot.Snapshot` of a commit.
``staleness.stale_passages`` names what a change made false, ``defects.Facts`` what one commit tells and does not have.
``equality``, ``deletions`` and ``examples`` hold a change of documentation to be one; ``diagrams`` and ``signatures``
write what code alone decides.
"""
