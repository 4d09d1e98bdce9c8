"""What a round showed, by GitHub's and the model's own records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.models.catalogue import Catalogue
from bot.settings import Settings
from bot.store.database import create_engine
from bot.store.store import Store
from tests.e2e.scenes import in_sandbox
from tests.faults.billing import compare
from tests.faults.flows import Flow
from tests.support.story import Story


@dataclass
class Verdict:
    """Everything that was not as it should be, in words."""

    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    paid_twice: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)

    def add(self, other: Verdict) -> None:
        for name, found in vars(other).items():
            getattr(self, name).extend(found)

    @property
    def counts(self) -> dict[str, int]:
        return {name: len(found) for name, found in vars(self).items()}

    @property
    def lines(self) -> list[str]:
        return [f"{name}: {each}" for name, found in vars(self).items() for each in found]


def judge(flows: Sequence[Flow], servers: Sequence[Story], asked_before: Sequence[int]) -> Verdict:
    """Judge a round when its servers have ended."""
    script = servers[0].script
    verdict = Verdict()
    for flow in flows:
        flow.look()
        verdict.doubled += flow.doubles()
        if not flow.ended:
            (verdict.stuck if flow.begun else verdict.lost).append(flow.missing())
    verdict.paid_twice = repeats([asked.text for asked in script.requests], asked_before)
    verdict.lost += [f"no answer to: {asked.user[:200]}" for asked in script.unmatched]
    verdict.miscounted = miscounts(servers[0])
    for server in servers:
        verdict.leaked += [f"sandbox {pid}" for pid in in_sandbox(server)]
        verdict.leaked += [str(path) for path in (server.root / "data" / "tmp").glob("*/")]
    return verdict


def miscounts(story: Story) -> list[str]:
    """Hold the ledger against the model server's own record."""
    given = {name: json.loads(text) for name, text in story.model_settings.items() if name.startswith("FORGEHAND_")}
    catalogue = Catalogue(Settings(models=given["FORGEHAND_MODELS"]))
    settings = Settings(database_url=story.environment.get("FORGEHAND_DATABASE_URL"), data_dir=story.root / "data")
    store = Store(create_engine(settings.database))
    try:
        seen = compare(store, story.model.bills, catalogue)
    finally:
        store.close()
    whole = seen.unbilled == 0 and seen.unheard_bills <= seen.lost_calls + seen.failed_calls
    return [] if whole else [str(seen)]


def repeats(texts: Sequence[str], asked_before: Sequence[int]) -> list[str]:
    """List the questions that were asked again though the answer was not under way when a server was struck.

    ``asked_before`` says how many had been asked at each blow. Under way is a question that nothing built upon yet.
    """
    last: dict[str, int] = {}
    found: Counter[str] = Counter()
    for index, text in enumerate(texts):
        before = last.get(text)
        last[text] = index
        if before is None:
            continue
        struck = any(before < count <= index for count in asked_before)
        built_upon = any(later != text and later.startswith(text) for later in texts[before + 1 : index])
        if built_upon or not struck:
            found[text] += 1
    return [f"{count} times more than once: {text[-200:]!r}" for text, count in found.items()]
