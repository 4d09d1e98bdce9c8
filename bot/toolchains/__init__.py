"""Install and test repositories in the sandbox, one package a language.

``port`` holds what callers see (:class:`~bot.toolchains.port.Toolchain`, ``TestRun``); ``events`` folds what runners
tell into cases and says whether they can be believed; ``results``, ``junit``, ``tap`` and ``exit_code`` make its
records of our reporters' signed lines and of foreign formats; ``placeholders`` fills a policy's own lines;
``workspace`` prepares and removes directories.

``languages`` lists the languages, ``repository`` lets the parts of a repository act as one. ``language`` says what a
language brings: rules of paths, and an ``Adapter`` a unit, which ``unit_toolchain`` drives by ``installer`` and
``session``. ``go`` is the smallest example.
"""
