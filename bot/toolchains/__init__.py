"""Install and test repositories in the sandbox, one package a language.

``port`` holds what callers see (:class:`~bot.toolchains.port.Toolchain`, ``TestRun``); ``results``,
``junit`` and ``tap`` read what a run left behind (our reporters' signed records, foreign formats);
``workspace.remove_tree`` removes throw-away directories. Languages: ``python``.
"""
