"""Doors and workers as `deploy/` has them, on one PostgreSQL: some die or freeze, and GitHub sees all once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
import yaml

from bot.local.hosting import free_port
from simhub.requestlog import RequestRecord
from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.test_crashes import kill_after, killed
from tests.support import published
from tests.support.story import Story
from tests.support.typing import comment, final

SERVICES = yaml.safe_load((published.ROOT / "deploy" / "compose.yml").read_text())["services"]
DOORS, WORKER = (
    {"FORGEHAND_WORKERS": SERVICES[name]["environment"]["FORGEHAND_WORKERS"]} for name in ("forgehand", "worker")
)
ANSWER = {"match": {"text": "where are cents lost"}, "reply": {"text": "In `basket/prices.py:4`."}}
_BUSY = sa.text("select executor_id from dbos.workflow_status where status = 'PENDING'")


async def worker(story: Story, folder: Path) -> Story:
    """Start a worker beside the doors of a story, as on a machine of its own."""
    folder.mkdir()
    environment = story.environment | WORKER
    other = replace(
        story,
        root=folder,
        port=free_port(),
        process=None,
        environment=environment,
        command=SERVICES["worker"]["command"][0],
    )
    await other.start_bot()
    return other


def strike(
    story: Story, workers: Sequence[Story], how: signal.Signals, wanted: Callable[[RequestRecord], bool]
) -> list[Story]:
    """Strike whoever runs the task: after GitHub has done what was asked, before it is told. Lists who was struck."""
    engine = sa.create_engine(story.environment["FORGEHAND_DATABASE_URL"], poolclass=sa.NullPool)
    struck: list[Story] = []

    def look(record: RequestRecord, _: object) -> None:
        if not wanted(record):
            return
        story.hub.observers.remove(look)
        with engine.connect() as connection:
            (executor,) = connection.execute(_BUSY).scalars()
        for each in workers:
            assert each.process is not None
            if f"-{each.process.pid}-" in executor:
                each.process.send_signal(how)
                struck.append(each)

    story.hub.observers.append(look)
    return struck


async def everything_is_there_once(story: Story, number: int) -> None:
    assert len(await story.pulls()) == 1
    assert {part: len(texts) for part, texts in (await story.comments(number)).items()} == {"status": 1, "final": 1}
    assert story.script.unmatched == []


async def test_a_delivery_whose_doors_died_after_the_202_is_handled_by_a_worker(
    tell: Tell, postgres: str, tmp_path: Path
) -> None:
    def asks_who_may(record: RequestRecord) -> bool:
        return record.path.endswith("/collaborators/mara/permission")

    story = await tell([ANSWER], FORGEHAND_DATABASE_URL=postgres, **DOORS)
    other = await worker(story, tmp_path / "other")
    try:
        number = await story.file(TITLE, BODY, label=None)
        kill_after(story, asks_who_may)
        asked = await comment(story, number, "/ask where are cents lost?")
        await killed(story)
        assert (await final(other, asked)).startswith("In [`basket/prices.py:4`]")
        assert story.script.unmatched == []
    finally:
        await other.stop_bot()


async def test_a_worker_dies_and_another_freezes(tell: Tell, postgres: str, tmp_path: Path) -> None:
    """The doors run no task; whichever worker has it, and writes its comment, is struck in the midst of an effect."""
    story = await tell(GOOD, FORGEHAND_DATABASE_URL=postgres, **DOORS)
    workers = [await worker(story, tmp_path / name) for name in ("first", "second")]
    dead = strike(story, workers, signal.SIGKILL, lambda record: record.path.endswith("/git-receive-pack"))
    frozen = strike(
        story, workers, signal.SIGSTOP, lambda record: record.method == "POST" and record.path.endswith("/pulls")
    )
    try:
        number = await story.file(TITLE, BODY)
        await story.until(lambda: frozen, what="the second worker is frozen")
        workers.append(await worker(story, tmp_path / "third"))
        await workers[2].until_status(number, "Done.")
        frozen[0].process.send_signal(signal.SIGCONT)
        await story.until(frozen[0].is_ready, what="the frozen worker is awake")
        await everything_is_there_once(story, number)
        assert [*dead, *frozen] in (workers[:2], workers[1::-1])
        assert not (story.root / "data" / "mirrors").exists(), "the doors read no code"
    finally:
        for each in workers:
            await each.stop_bot()
