"""Read, change and push repositories through bare mirrors.

:class:`bot.git.mirrors.Mirrors` opens a mirror, :class:`bot.git.changes.Changes` is work in progress,
:mod:`bot.git.errors` says what can go wrong.
"""
