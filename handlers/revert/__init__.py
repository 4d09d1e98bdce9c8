"""Take a merged pull request or a commit back: ``/revert``.

No model is asked. git says what the branch becomes without it; the gates run the tests before and after.
"""
