"""Say how a step can end before there is a task.

``step.py`` makes an outcome of each, with its words.
"""

from __future__ import annotations


class Stop(Exception):
    """The end of the step before there is a task; ``state`` says of what kind."""

    state = "denied"


class WrongUse(Stop):
    """The workflow is wrong: an input, a permission."""


class Refused(Stop):
    """The server does not do it, and says why."""


class Outage(Stop):
    """Nobody is to blame: it may work later."""

    state = "outage"


class Skipped(Stop):
    """There is nothing to do."""

    state = "skipped"


class Interrupted(BaseException):
    """The run was cancelled."""
