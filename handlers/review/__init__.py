"""Review pull requests.

``task.TASK`` declares ``/review``, ``triggers.router`` starts it by itself, ``pipeline.run_review`` is its workflow.
"""
