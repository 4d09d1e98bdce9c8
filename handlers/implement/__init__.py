"""Implement what an issue asks for: ``task.TASK``, by ``recipe.IMPLEMENT``, from a plan of :mod:`handlers.plan`."""
