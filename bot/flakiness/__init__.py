"""Show by experiments in the sandbox whether a test is flaky, and why.

``runner`` runs orders of a whole suite, ``experiments`` examines one test, ``classes`` says what the runs make of it.
"""
