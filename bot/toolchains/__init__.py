"""Install and test repositories in the sandbox, one package a language.

``port`` holds what callers see (:class:`~bot.toolchains.port.Toolchain`, ``TestRun``); ``events`` folds what runners
tell into cases and says whether they can be believed; ``results``, ``junit``, ``tap`` and ``exit_code`` make its
records of our reporters' signed lines and of foreign formats; ``placeholders`` fills a policy's own lines;
``workspace.remove_tree`` removes throw-away directories. ``repository`` chooses between the languages: ``python``,
``node``.
"""
