"""What the ledger says after kills, by the model server's own record; ``tests/faults/billing.py`` kills two hundred."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.billing import kill
from tests.support.databases import new_sqlite


async def test_every_bill_is_a_settled_call_or_one_that_died(tmp_path: Path) -> None:
    seen = await kill(new_sqlite(tmp_path / "spent.db"), 1, 2, random.Random(3))
    assert seen.agrees, seen
    assert seen.billed == seen.paid + seen.unheard
