"""What is live in an environment, what was good before, and whether a deployment is to blame.

:mod:`bot.deployments.history` reads it, :mod:`bot.deployments.decision` decides by pure functions.
"""
