"""Measure which small faults in Python code its tests notice.

``runner.measure_mutants`` runs a ``records.Plan`` in the sandbox and returns a ``records.Survey``: the tests with the
lines they run, the mutants with the tests that fail with them. ``inside/`` runs there: ``forgehand_mutator`` finds
mutants, ``forgehand_mutants`` collects the tests once and forks a child for each mutant, which swaps the code of the
live functions (``forgehand_swap``) and runs the tests that cover it. What only an import runs needs a process that has
imported nothing yet (``forgehand_cold``). Limits are in processor time (``forgehand_children``).

What a test reports of a mutant reaches us by a pipe that the test was not given, and a failure counts only if the test
passes alone on code that does the same by other instructions. Code that runs while the tests are imported is beside
what measures, and could lie; no code of the repository ever sees the key of the records.
"""
