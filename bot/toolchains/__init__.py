"""Install and test repositories in the sandbox, one package a language.

``port`` holds what callers see (:class:`~bot.toolchains.port.Toolchain`, ``TestRun``, ``Checks``); ``results`` and
``formats`` read what a run left behind (our reporters' signed records, JUnit, TAP); ``workspace.remove_tree`` removes
throw-away directories. Languages: ``python``.
"""
