"""Hold back a change that others have to approve, where it would be pushed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from bot.git.changes import Changes
from bot.markdown import counted, inline_code, listed
from bot.store import approvals
from bot.types import ForgehandError
from bot.work.assignment import Assignment

_NAMED = 10


class PushClosed(ForgehandError):
    """The organisation lets nothing be published here now."""

    lasting = True


class ApprovalNeeded(ForgehandError):
    """A change that too few approved; ``details``: digest, people, more."""

    lasting = True


async def require(work: Assignment[Any], trees: Sequence[Changes]) -> None:
    """Raise unless the organisation lets this very change be pushed now."""
    left = await work.services.policies.owners.govern(work.task.repository)
    if left.stopped:
        raise PushClosed(left.stopped)
    paths = sorted({path for changes in trees for path in changes.files})
    held = [(rule, found) for rule in left.approvals if (found := rule.concerns(paths))]
    if not held:
        return
    people = max(rule.people for rule, _ in held)
    digest = _digest(trees)
    given = await work.services.store.run(partial(approvals.count, task_id=work.task_id, digest=digest))
    if given >= people:
        await work.audit("approved change", allowed=True, reason=f"{counted(given, 'person')} approved {digest[:12]}")
        return
    named = list(dict.fromkeys(inline_code(path) for _, found in held for path in found))
    who = "somebody" if people == 1 else "two people"
    changed = listed(named, _NAMED)
    reason = f"It changes {changed}. By the organisation's file {who} who did not ask for that must approve it."
    await work.audit("push", allowed=False, reason=reason[:500])
    raise ApprovalNeeded(reason, digest=digest, people=people, more=people - given)


def _digest(trees: Sequence[Changes]) -> str:
    """Return what an approval is bound to: every tree that becomes a commit."""
    said = json.dumps([changes.files for changes in trees], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()
