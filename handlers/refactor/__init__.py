"""Refactor Python code and show that nothing changed: ``/refactor`` and its label.

The model first names what it will touch and what gets better. A rename is made by ``bot.codemod`` alone. Otherwise the
functions are characterised where no test runs them, then edited; the gates compare API, tests, mutants and the measure.
"""
