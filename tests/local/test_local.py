"""The bot that ``demo`` and ``try`` start, beside any configured here.

It is watched to its end.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from bot.local.display import Display
from bot.local.hosting import LocalError, LocalRun, bot_environment, local_run, work_folder
from bot.local.watching import file_issue, until_ended
from bot.settings import load_settings
from tests.e2e.scenes import SAMPLE
from tests.support.processes import without_namespaces

SERVER = """
models:
  mine: { provider: openai, base_url: "http://127.0.0.1:9/v1", api: chat }
roles: { fix: [mine] }
registries: [packages.example]
budget: { day: 7 }
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server is configured on this machine; the path is that of its database."""
    database = tmp_path / "production.db"
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "server.yml").write_text(SERVER)
    monkeypatch.setenv("FORGEHAND_DATA_DIR", str(tmp_path / "own"))
    monkeypatch.setenv("FORGEHAND_DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("FORGEHAND_WEBHOOK_SECRETS", "of-the-server")
    monkeypatch.setenv("FORGEHAND_BUDGET__TASK", "3")
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return database


def test_only_models_checks_and_money_of_a_server_are_taken_over(server: Path) -> None:
    environment = bot_environment(load_settings())
    taken = {name for name in environment if name.startswith("FORGEHAND_")}
    assert taken == {
        f"FORGEHAND_{name}" for name in ("MODELS", "PROVIDERS", "ROLES", "STRATEGIES", "BUDGET", "CHECKS", "REGISTRIES")
    }
    assert '"mine": {"provider": "openai"' in environment["FORGEHAND_MODELS"]
    assert environment["FORGEHAND_ROLES"] == '{"fix": ["mine"]}'
    assert environment["FORGEHAND_BUDGET"] == '{"task": 3.0, "day": 7.0}'
    assert environment["FORGEHAND_REGISTRIES"] == '["packages.example"]'


async def test_an_answer_ends_the_wait_and_so_does_the_bots_end(server: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(SAMPLE, source)
    (source / ".github").mkdir()
    (source / ".github" / "forgehand.yml").write_text("fix: { labl: x }\n")
    with pytest.raises(LocalError) as ended:
        await told_and_killed(source)
    assert not server.exists()
    log = Path(str(ended.value).partition("The last lines of ")[2].partition(":\n")[0])
    assert log.name == "bot.log"
    assert f"The bot ended (exit code -9). The last lines of {log}:" in str(ended.value)
    assert log.exists()
    shutil.rmtree(log.parent)


async def told_and_killed(source: Path) -> None:
    """A run in which the bot answers one issue, then dies over another."""
    trusted = {"FORGEHAND_SANDBOX": "process", "FORGEHAND_TRUST_CODE": "true"}
    with work_folder("test") as folder:
        async with local_run(folder, name="local/x", source=source, shared=False, port=0, environment=trusted) as local:
            local.install()
            await answered(local)
            local.bot.kill()
            await local.bot.wait()
            other = await file_issue(local, "Cents are lost", "x", "other")
            await until_ended(local, other, print, minutes=0.5)


async def answered(local: LocalRun) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{local.bot_url}/readyz") as answer:
        parts = (
            "credentials",
            "database",
            "disk",
            "dispatcher",
            "due",
            "engine",
            "housekeeper",
            "janitor",
            "keys",
            "reporter",
            "sweep",
        )
        assert await answer.json() == dict.fromkeys(parts, "ok")
    number = await file_issue(local, "Cents are lost", "x", "ai-bug-fix")
    ending = await until_ended(local, number, print, minutes=0.5)
    assert ending.status.startswith("I couldn't start: the configuration is invalid.")
    assert ending.pull is None


async def test_the_folder_of_a_run_goes_unless_an_error_names_it() -> None:
    with pytest.raises(asyncio.CancelledError), work_folder("test") as stopped:
        raise asyncio.CancelledError
    with work_folder("test") as used:
        (used / "x").touch()
    assert not stopped.exists()
    assert not used.exists()


def test_names_that_look_like_markup_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(plain=True)
    display.say("Not committed, so ignored: app/[slug]/page.tsx, [/x]")
    display.markdown("Fix: [bold] and [/x]", "text")
    said = capsys.readouterr().out
    assert "app/[slug]/page.tsx, [/x]" in said
    assert "Fix: [bold] and [/x]" in said


def test_no_text_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display(plain=True)
    for show in (display.say, display.diff, display.status, partial(display.markdown, "\x1b[2J\u202e")):
        show("- [x] a\x1b]0;mine\x07\x9b31m\u202eb")
    said = capsys.readouterr().out
    assert said.count("]0;mine") == 4
    assert not set("\x1b\x07\x9b\u202e") & set(said)


@pytest.mark.needs("sandbox")
def test_a_real_models_commands_need_trust_where_nothing_isolates_them(tmp_path: Path) -> None:
    env = os.environ | {"FORGEHAND_DATA_DIR": str(tmp_path), "ANTHROPIC_API_KEY": "sk-ant-of-the-test"}
    command = without_namespaces(sys.executable, "-m", "bot.cli", "demo", "--exit", "--plain")
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    said = " ".join((done.stdout + done.stderr).split())
    assert "Pass --trust-code to run the repository's code and the model's shell commands unprotected" in said
