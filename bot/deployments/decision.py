"""Decide by code alone what is live, what was good before it, and which deployment broke something. Times are in ms."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.store.deployments import Deployed

MINUTE = 60_000
SUSPECT = 30 * MINUTE
"""How long after it succeeded a deployment can be to blame."""
PAUSE = 15 * MINUTE
"""How long an environment is left alone after a rollback."""


def find_live(history: Sequence[Deployed]) -> Deployed | None:
    """Return the newest deployment whose newest status is a success.

    GitHub makes no earlier production deployment inactive, so the absence of that says nothing.
    """
    return max((one for one in history if one.state == "success"), key=_age, default=None)


def find_earlier_good(
    history: Sequence[Deployed], live: Deployed, bad: Collection[int] = (), bad_shas: Collection[str] = ()
) -> Deployed | None:
    """Return the newest good deployment of another commit before ``live``.

    What was rolled back (``bad``, ``bad_shas``) was not.
    """
    shas = {live.sha, *bad_shas}
    earlier = [one for one in history if one.good is not None and _age(one) < _age(live) and one.id not in bad]
    return max((one for one in earlier if one.sha not in shas), key=_age, default=None)


def suspect_deployment(history: Sequence[Deployed], began: int) -> Deployed | None:
    """Return the deployment to blame a trouble on, None where none is.

    ``history`` is of the environment that the service maps to; ``began`` is the trouble's first bad sample. The newest
    deployment that had succeeded by then is suspect, if that was within half an hour before.
    """
    before = [one for one in history if one.good is not None and one.good < began]
    newest = max(before, key=lambda one: (one.good or 0, one.id), default=None)
    if newest is None or newest.good is None or began - newest.good > SUSPECT:
        return None
    return newest


def _age(one: Deployed) -> tuple[int, int]:
    return one.created, one.id
