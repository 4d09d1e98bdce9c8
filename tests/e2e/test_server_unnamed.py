"""What goes wrong on the server is told in public without its folders, hosts and ports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from bot.local.hosting import free_port
from tests.e2e.answers import BODY, TITLE
from tests.e2e.scenes import SAMPLE, place, rows
from tests.support.story import Story, told

ENDED = ("Failed.", "Stopped without a verified fix.")


async def ended(story: Story) -> str:
    """Everything the public sees of a fix that fails."""
    number = await story.file(TITLE, BODY)
    status = await story.until_status(number, *ENDED)
    told_of = rows(story, "select data from fh_task_event where kind = 'retry'")
    comments = [text for texts in (await story.comments(number)).values() for text in texts]
    return "\n".join([status, *comments, str(told_of)])


async def test_folders_and_addresses_stay_in_the_log(tmp_path: Path) -> None:
    closed = free_port()
    model = {"provider": "anthropic", "base_url": f"http://127.0.0.1:{closed}", "context": 200_000}
    names = ("thinker", "checker")
    models = {name: {**model, "max_output": 32_000, "input_price": 1.0, "output_price": 5.0} for name in names}
    async with told(tmp_path, SAMPLE, [], FORGEHAND_MODELS=json.dumps(models)) as story:
        said = {"model": await ended(place(story, "model"))}
        for folder in ("work", "mirrors"):
            path = tmp_path / "data" / folder
            shutil.rmtree(path)
            path.touch()
            said[folder] = await ended(place(story, folder))
            path.unlink()
            path.mkdir()
        for trouble, text in said.items():
            assert str(tmp_path) not in text, (trouble, text)
            own = text.replace(story.hub.url, "").replace(f"http://127.0.0.1:{story.port}/room/", "")
            assert "127.0.0.1" not in own, (trouble, text)
            assert str(closed) not in text, (trouble, text)
        assert "thinker cannot be reached (ConnectError)" in said["model"]
        assert f"http://127.0.0.1:{closed}" in story.log
        assert str(tmp_path / "data" / "work") in story.log
