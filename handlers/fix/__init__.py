"""Fix the bugs that issues report: ``task.TASK``, by ``recipe.FIX``."""
