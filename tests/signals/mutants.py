"""Bodies of signals, each wrong in some places; the same ones in each run."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from bot.types import SourceKind
from tests.doors.test_hostile_payloads import HOSTILE, mutate, places

SAMPLES = Path(__file__).parent / "samples"


def mutants(kind: SourceKind, count: int) -> Iterator[bytes]:
    """As many bodies of a sender, each wrong in one to three places."""
    rng = random.Random(f"{kind}-7")
    bodies = [json.loads(file.read_text()) for file in sorted(SAMPLES.glob(f"{kind}*.json"))]
    for _ in range(count):
        body = rng.choice(bodies)
        for _ in range(rng.randint(1, 3)):
            found = list(places(body))
            if found:
                body = mutate(body, rng.choice(found), rng.choice(HOSTILE))
        yield json.dumps(body).encode()


KINDS: tuple[SourceKind, ...] = get_args(SourceKind)
