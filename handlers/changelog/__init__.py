"""Draft changelog entries for pull requests, in the repository's style.

``task.TASK`` declares ``/changelog``.
"""
