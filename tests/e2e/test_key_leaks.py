"""A tenant's key, planted and used, is found nowhere: disk, backup, support bundle, log, prompts, children, answers."""

from __future__ import annotations

import asyncio
import json
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.doctor.support import write_bundle
from bot.settings import Settings
from bot.upkeep.backup import back_up
from simhub.scripted_model import Script, ScriptedModel
from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.scenes import SAMPLE, rows
from tests.support.api import Asker, asker
from tests.support.story import MODELS, Story, told
from tests.support.typing import comment

_LOOKS = 5  # at a process: it shows one face before it becomes a program, and one after
PLANTED = "sk-ant-api03-planted-0123456789abcdefghij"


class Children:
    """What every process of this machine shows of itself, looked at all the time."""

    def __init__(self) -> None:
        self.shown: set[bytes] = set()
        self.programs: set[bytes] = set()
        self._stop = threading.Event()
        self._looks: Counter[str] = Counter()

    @contextmanager
    def watched(self) -> Iterator[None]:
        thread = threading.Thread(target=self._look)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.002):
            for process in Path("/proc").glob("[0-9]*"):
                self._looks[process.name] += 1
                if self._looks[process.name] > _LOOKS:
                    continue
                for name in ("cmdline", "environ"):
                    try:
                        text = (process / name).read_bytes()
                    except OSError:
                        continue
                    if name == "cmdline":
                        self.programs.add(text.partition(b"\0")[0].rpartition(b"/")[2])
                    if PLANTED.encode() in text:
                        self.shown.add(text)


def found_in(folder: Path) -> list[str]:
    """The files below a folder that hold the key."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [str(path) for path in files if PLANTED.encode() in path.read_bytes()]


async def said_on(story: Story, number: int) -> str:
    return json.dumps(await story.request("GET", f"/issues/{number}/comments"))


async def wait_for_a_key(story: Story, number: int, model: ScriptedModel, mara: Asker, key: str) -> None:
    """A task whose only key is refused waits, and goes on by itself once the key works."""
    states = "select state from fh_task where flow = 'ask' order by created"
    model.keys = {PLANTED: "bad_key"}
    await comment(story, number, "/ask Why was it wrong?")
    await story.until(lambda: rows(story, states) == [("awaiting_key",)], what="it waits")
    assert rows(story, "select json_extract(result, '$.data.details.models') <> '' from fh_task where flow = 'ask'")
    model.keys = {PLANTED: ""}
    model.script.on({"text": "The cents were cut off."}, text="Why was it wrong?", reusable=True)
    tested = await mara.ask("POST", f"/api/v1/keys/{key}/test")
    assert tested.data["key"]["state"] == "works"
    await story.until(lambda: rows(story, states) == [("done",)], what="it went on")


async def test_a_planted_key_is_found_nowhere(tmp_path: Path) -> None:
    given = {"provider": "anthropic", "context": 200_000, "max_output": 32_000}
    models = {name: {**given, **price} for name, price in MODELS.items()}
    children = Children()
    async with ScriptedModel(Script.load(GOOD)) as model:
        where = {"ANTHROPIC_BASE_URL": model.anthropic_url, "FORGEHAND_MODELS": json.dumps(models)}
        async with told(tmp_path, SAMPLE, [], **where, FORGEHAND_LOG_LEVEL="DEBUG") as story:
            model.keys = {PLANTED: ""}
            mara = asker(story, story.maintainer)
            with children.watched():
                added = await mara.ask("POST", "/api/v1/keys", {"provider": "anthropic", "secret": PLANTED})
                assert added.status == 201, added.text
                number = await story.file(TITLE, BODY)
                await story.until_status(number, "Done.")
                paid = {row[0] for row in rows(story, "select key from fh_model_call")}
                assert paid == {added.data["key"]["id"]}, "it was in use"
                await wait_for_a_key(story, number, model, mara, added.data["key"]["id"])
                model.script.on({"fault": "bad_key", "message": f"Incorrect API key: {PLANTED}"}, reusable=True)
                failed = await story.file("Another bug", BODY)
                await story.until_status(failed, "Waiting for a key.")
            answers = [added.text, (await mara.get("/api/v1/keys")).text, (await mara.get("/api/v1/tasks")).text]
            answers += [await said_on(story, each) for each in (number, failed)]
            settings = Settings(data_dir=tmp_path / "data", api_url="http://127.0.0.1:9", sandbox="none")
            await write_bundle(settings, tmp_path / "support.json")
            bundle = (tmp_path / "support.json").read_text()
            assert "anthropic of @mara" in bundle, "the key is told of"
            await asyncio.to_thread(back_up, settings, tmp_path / "backup.tar.gz")
            with tarfile.open(tmp_path / "backup.tar.gz") as archive:
                archive.extractall(tmp_path / "backup", filter="data")
            assert found_in(tmp_path / "data") == found_in(tmp_path / "backup") == []
            assert not (tmp_path / "backup" / "master.key").exists()
            prompts = json.dumps([asked.body for asked in model.requests])
            texts = {"log": story.log, "prompts": prompts, "answers": "".join(answers), "bundle": bundle}
            for name, text in texts.items():
                assert text, name
                assert PLANTED not in text, name
        assert {b"git", b"bwrap"} <= children.programs, "children were seen"
        assert not children.shown
