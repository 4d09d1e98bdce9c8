"""The database goes away while a task runs, and comes back: nothing is lost, nothing is paid for twice."""

from __future__ import annotations

import resource
import socket
from contextlib import ExitStack
from pathlib import Path
from shutil import copy2, copytree, rmtree

import sqlalchemy as sa

from tests.e2e.answers import BODY, FIXED, JUDGED, PROVED, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.scenes import deliver, during
from tests.support.databases import PostgresServer
from tests.support.story import Story


def may_write(story: Story, size: int) -> None:
    """Let the bot write files up to a size; 0 is what a full disk is like: for its log, too."""
    assert story.process is not None
    resource.prlimit(story.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def waits(story: Story) -> None:
    """Nothing is taken in while nothing can be stored, and whoever asks is told."""

    async def unready() -> bool:
        return not await story.is_ready()

    await story.until(unready, what="the server says that it cannot work")
    assert await deliver(story, "ping", b"{}") == 503


async def goes_on(story: Story, number: int, url: str) -> None:
    """The task ends as if nothing had happened."""
    await story.until_status(number, "Done.")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        calls = list(connection.execute(sa.text("select state, output_tokens from fh_model_call")))
    assert len(calls) == len(story.script.requests), "no answer is bought twice"
    assert all(state == "answered" and tokens for state, tokens in calls), "each answer is kept, and counted"
    await story.until(story.is_ready, what="the server is ready again")


async def test_an_answer_that_arrives_while_postgresql_is_away_is_kept(
    tell: Tell, postgres: str, postgres_program: PostgresServer
) -> None:
    async def stop() -> None:
        postgres_program.stop()

    rules = [during(PROVED[0], stop), *PROVED[1:], *FIXED, JUDGED]
    story = await tell(rules, FORGEHAND_DATABASE_URL=postgres)
    try:
        number = await story.file(TITLE, BODY)
        await waits(story)
    finally:
        postgres_program.start()
    await goes_on(story, number, postgres)


async def test_a_database_that_was_replaced_takes_nothing_in(tell: Tell) -> None:
    """Moved away, or put back from a backup by somebody who did not stop the server."""
    story = await tell([])
    data = story.root / "data"
    backup = copytree(data, story.root / "backup")
    for change in (data, data / "forgehand.db"):
        away = change.rename(story.root / "away")
        await waits(story)
        (copytree if away.is_dir() else copy2)(backup / change.relative_to(data), change)
        await waits(story)
        assert "was deleted or replaced while the server ran" in story.log
        (rmtree if away.is_dir() else Path.unlink)(change)
        away.rename(change)
        await story.until(story.is_ready, what="the server is ready again")
        assert await deliver(story, "ping", b"{}") == 202


async def test_silent_connections_keep_nobody_out(tell: Tell) -> None:
    story = await tell([])
    assert story.process is not None
    resource.prlimit(story.process.pid, resource.RLIMIT_NOFILE, (400, 400))
    with ExitStack() as silent:
        for _ in range(600):
            connection = silent.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", story.port))
        await story.until(story.is_ready, what="the server answers")
        assert await deliver(story, "ping", b"{}") == 202


async def test_a_full_disk_is_waited_for(tell: Tell) -> None:
    async def fill() -> None:
        may_write(story, 0)

    story = await tell([during(PROVED[0], fill), *PROVED[1:], *FIXED, JUDGED])
    number = await story.file(TITLE, BODY)
    await waits(story)
    may_write(story, resource.RLIM_INFINITY)
    await goes_on(story, number, f"sqlite:///{story.root / 'data' / 'forgehand.db'}")
