"""Install and test Python repositories.

``toolchain.make_toolchain`` makes the :class:`~bot.toolchains.port.Toolchain`; ``project.detect`` reads how a
repository is installed and tested; ``commands`` builds the command lines. ``inside/`` is mounted into the sandbox and
runs there beside the repository's tests: the reporters for pytest and unittest.
"""
