"""Serve the REST API: the same tasks, asked for by programs.

``application.make_api`` is what is mounted at ``/api``. ``operation`` makes an operation of a function's signature and
``document`` the OpenAPI document of all of them; ``catalogue``, ``tasks``, ``results``, ``starting``, ``policies``,
``providers``, ``reports`` and ``aliases`` hold the operations. ``callers`` finds out whose token it is, ``gate`` asks
GitHub what that account may do.
"""
