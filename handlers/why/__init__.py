"""Say why a commit is red: what fails, where, since when, and which commits are suspected. No model is needed.

``reading`` finds the red commit and reads its jobs, ``diagnosis`` looks into the repository, ``words`` says it.
"""
