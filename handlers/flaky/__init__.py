"""Show which tests are flaky and why, and fix one with its reproduced flake as the proof: ``task.TASK``.

``examination`` runs the experiments as steps, ``report`` writes the page of a repository from its history, ``recipe``
is the fix, ``gates`` refuses what only hides a flake.
"""
