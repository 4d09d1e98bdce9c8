"""Fix the bugs that issues report.

``task.TASK`` declares ``/fix``, ``recipe.FIX`` is what the change pipeline runs for it.
"""
