"""Settle the findings of a merged pull request.

They are fixed, ignored or disputed. ``task`` declares it, ``triggers`` starts it with the merge.
"""
