"""Forgehand: a self-hosted GitHub App that fixes issues and reviews pull requests.

``cli.main`` is the command line, ``app.serve`` the server; ``settings`` and ``types`` are used everywhere. Tasks are
declared in :mod:`handlers`.
"""
