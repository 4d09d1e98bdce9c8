"""Change pull requests as people ask.

``task.TASK`` declares ``/revise``, ``triggers.router`` and ``ci.router`` start it by themselves, ``recipe.REVISE`` is
what the change pipeline runs for it.
"""
