"""Run ``forgehand demo``: from labelled issue to verified pull request."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

from bot.local.display import Display
from bot.local.hosting import LocalRun, local_run, work_folder
from bot.local.tier import tier_environment
from bot.local.watching import Ending, file_issue, until_ended
from bot.models.providers import KEY_VARIABLES
from bot.sandbox.process import NoSandbox
from bot.settings import MODEL_ROLES, Checks, Settings
from bot.toolchains.repository import make_toolchain
from simhub.scripted_model import Script, ScriptedModel

_LABEL = "ai-bug-fix"
_MODEL = "recorded-answers"
# A folder a language: the issue, the recorded answers, and the repository.
_SAMPLES = Path(str(resources.files("simhub") / "sample"))


def list_languages() -> list[str]:
    """List the languages that have a sample."""
    return sorted(one.name for one in _SAMPLES.iterdir() if (one / "issue.md").is_file())


async def run(*, language: str, trust_code: bool, leave: bool, port: int, plain: bool) -> bool:
    """Run the demo; return True if its pull request is there and verified.

    Keeps serving until Ctrl-C unless ``leave``. The sample and the recorded answers are known code; what a real model
    runs is not. Raises :class:`ToolchainError` where this machine lacks the language.
    """
    display = Display(plain=plain)
    key = next((name for name in KEY_VARIABLES if os.environ.get(name)), None)
    sample = _SAMPLES / language
    source = sample / "timesheet"
    await asyncio.to_thread(make_toolchain(NoSandbox(), Checks(), source, Settings()).require)
    with work_folder("demo") as folder:
        tier = await tier_environment(display.say, trust=trust_code or key is None)
        async with _model(display, key, sample / "answers.json") as model_environment:
            environment = {**model_environment, **tier}
            async with local_run(
                folder,
                name="octo/timesheet",
                source=source,
                shared=False,
                port=port,
                environment=environment,
            ) as local:
                ending = await _watch(local, display, (sample / "issue.md").read_text())
                if not leave:
                    display.say("\nThe pages stay open until you press Ctrl-C.")
                    await asyncio.Event().wait()
                return verified(ending)


def verified(ending: Ending) -> bool:
    """Return True if the pull request is open, no draft, and verified."""
    return ending.pull is not None and not ending.pull["draft"] and ending.state == "done"


def present(local: LocalRun, display: Display, ending: Ending) -> None:
    """Show the result as people see it on GitHub."""
    if ending.pull is None:
        display.markdown("no pull request", ending.final or ending.status)
        return
    display.say(f"\nPull request {ending.pull['html_url']}\n")
    display.diff(ending.diff)
    display.markdown(ending.pull["title"], ending.pull["body"])


async def _watch(local: LocalRun, display: Display, issue: str) -> Ending:
    title, _, body = issue.partition("\n")
    local.install()
    page = f"{local.hub.url}/{local.repository.full_name}"
    display.say(f"A simulated GitHub is running: {page}")
    number = await file_issue(local, title, body.strip(), _LABEL)
    display.say(f"Issue “{title}” is filed and labelled {_LABEL}: {page}/issues/{number}\n")
    labelled = time.monotonic()
    with display:
        ending = await until_ended(local, number, display.status, minutes=10)
    seconds = time.monotonic() - labelled
    present(local, display, ending)
    display.say(
        f"Verified: the pull request is open and its fix is proved, {seconds:.0f} s after the label."
        if verified(ending)
        else "Not verified: there is no pull request whose fix is proved."
    )
    return ending


@asynccontextmanager
async def _model(display: Display, key: str | None, recorded: Path) -> AsyncIterator[Mapping[str, str]]:
    """Provide the settings of the user's model, or of recorded answers."""
    if key is not None:
        display.say(f"{key} is set: a real model does the thinking, and it costs money (at most $2).")
        yield {}
        return
    display.say(
        "The model's answers in this demo are recorded; everything else is real: webhooks, git, the "
        f"tests that run, the checks. Set {' or '.join(KEY_VARIABLES)} to let a real model think."
    )
    answers = json.loads(await asyncio.to_thread(recorded.read_text))
    async with ScriptedModel(Script.load(answers)) as server:
        model = {
            "provider": "anthropic",
            "base_url": server.anthropic_url,
            "api": "messages",
            "context": 200_000,
            "max_output": 32_000,
            "input_price": 0.0,
            "output_price": 0.0,
        }
        roles = {role: [_MODEL] for role in MODEL_ROLES}
        yield {
            "FORGEHAND_MODELS": json.dumps({_MODEL: model}),
            "FORGEHAND_ROLES": json.dumps(roles),
            "ANTHROPIC_API_KEY": f"none-needed-{secrets.token_hex(8)}",
        }
