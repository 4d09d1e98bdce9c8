"""Measure whether a change makes Python code faster, without believing the code.

:func:`.comparison.compare` runs a benchmark on two trees, in interleaved pairs of fresh processes, and returns a
:class:`~.records.Comparison`: a ratio of processor time with its interval, memory, and whether both trees gave the same
results for inputs drawn only then. :mod:`.benchmark_file` says what a benchmark is and what it may not do,
:mod:`.vetting` whether one measures its target, :mod:`.shortcuts` what an edit must not add to win. ``inside/`` runs
within the sandbox: ``forgehand_timer`` reads clocks and holds no code of the repository, ``forgehand_worker`` runs it.
"""
