"""Deploy what was good before: ``rollback``, and what is remembered of deployments.

Decided by code from the deployments on GitHub, the migrations between both commits and the policy. Watching it is the
work of ``watch_rollback``, which events and a sweep start.
"""
