"""Name what a change leaves undone beside its code: migrations, documents that it made false, a changelog entry."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.documentation.snapshot import Snapshot
from bot.documentation.staleness import stale_passages
from handlers.companions.changelog import LATEST, find_untold
from handlers.companions.migrations import find_unmigrated
from handlers.companions.records import Missing

# history that is read: changes of docs and tests are among them
HISTORY = 3 * LATEST


def find_beside(
    base: Snapshot, head: Snapshot, history: Sequence[Collection[str]], changed: Collection[str]
) -> list[Missing]:
    """Return all that is left undone.

    ``history`` holds the paths of the latest :data:`HISTORY` merged changes, ``changed`` those of this one.
    """
    stale = [
        Missing(kind="docs", path=one.path, line=one.start, text=" ".join(one.reasons))
        for one in stale_passages(base, head)
    ]
    return [*find_unmigrated(base, head), *stale, *find_untold(history, changed)]
