"""Name what a pull request lacks beside its code: a test, a migration, true docs, a changelog entry.

Code alone decides, from both commits' texts; no model is asked and nothing is run. One neutral check run lists what is
missing, with a button for each task that can add it. Nothing is shown where nothing is missing.
"""
