"""Talk to GitHub: ``api`` is the way there, ``resources`` what is there, ``text`` what is written there.

:class:`bot.github.api.access.GitHubs` hands out clients; errors are in :mod:`bot.github.api.errors`.
"""
