"""Run ``forgehand try``: fix an issue of a local checkout.

It does the same as on GitHub, with the user's own model.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.git.command import run_git
from bot.local.demo import present, verified
from bot.local.display import Display
from bot.local.hosting import LocalError, LocalRun, local_run, work_folder
from bot.local.tier import tier_environment
from bot.local.watching import Ending, file_issue, until_ended
from bot.policy import PATH, default_policy, parse_policy
from bot.settings import Settings, load_settings
from handlers import TASKS
from handlers.fix.rules import FixRules

_MINUTES = 240


async def run(
    *,
    repo: Path,
    issue: Path,
    test: str | None,
    setup: str | None,
    results: str | None,
    trust_code: bool,
    leave: bool,
    plain: bool,
) -> bool:
    """Fix the issue; return True if a verified fix came out of it.

    Its branch is then in ``repo``.
    """
    display = Display(plain=plain)
    settings = load_settings()
    title, _, body = (await asyncio.to_thread(issue.read_text, "utf-8", "replace")).strip().partition("\n")
    if not title.strip():
        raise LocalError(f"{issue} is empty: put the issue's title in the first line and its text below.")
    await _look_at(repo, display)
    label = await _label(repo, settings)
    given = {"setup": setup, "test": test, "results": results}
    checks = settings.checks.model_copy(update={key: value for key, value in given.items() if value is not None})
    environment = {
        "FORGEHAND_CHECKS": checks.model_dump_json(exclude_unset=True),
        **await tier_environment(display, trust=trust_code),
    }
    with work_folder("try") as folder:
        name = f"local/{_repository_name(repo)}"
        async with local_run(folder, name=name, source=repo, shared=True, port=0, environment=environment) as local:
            ending = await _watch(local, display, title.strip(), body.strip(), label)
            await _bring_home(local, display, repo, ending)
            if not leave:
                display.say("\nThe pages stay open until you press Ctrl-C.")
                await asyncio.Event().wait()
            return verified(ending)


async def _look_at(repo: Path, display: Display) -> None:
    """Check that the checkout has a commit; name what is not committed.

    Only HEAD is worked on.
    """
    head = await run_git(["-C", str(repo), "rev-parse", "--verify", "--quiet", "HEAD"], cwd=repo)
    if head.code:
        raise LocalError(f"{repo} is not a git checkout with a commit. Give --repo the folder of one.")
    status = await run_git(["-C", str(repo), "status", "--porcelain"], cwd=repo)
    changed = [line[3:] for line in status.text.splitlines()]
    if changed:
        names = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        display.say(f"Not committed, so ignored: {names}")


async def _label(repo: Path, settings: Settings) -> str:
    """Return the label that the checkout's own policy waits for.

    Raises :class:`PolicyError` where the policy is invalid.
    """
    file = await run_git(["-C", str(repo), "show", f"HEAD:{PATH}"], cwd=repo)
    schema = TASKS.schema
    policy = default_policy(settings, schema) if file.code else parse_policy(file.text, settings, schema)
    return policy.rules(FixRules).label


async def _watch(local: LocalRun, display: Display, title: str, body: str, label: str) -> Ending:
    page = f"{local.hub.url}/{local.repository.full_name}"
    number = await file_issue(local, title, body, label)
    display.say(f"Working on {page}/issues/{number}\nThe bot's log: {local.log}\n")
    with display:
        ending = await until_ended(local, number, display.status, minutes=_MINUTES)
    present(local, display, ending)
    return ending


async def _bring_home(local: LocalRun, display: Display, repo: Path, ending: Ending) -> None:
    """Fetch the branch into the checkout, without checking it out.

    Nothing else in the checkout changes.
    """
    if ending.pull is None:
        return
    branch = str(ending.pull["head"]["ref"])
    source = f"{local.hub.url}/{local.repository.full_name}.git"
    done = await run_git(["-C", str(repo), "fetch", "--quiet", source, f"+{branch}:{branch}"], cwd=repo)
    if done.code:
        raise LocalError(f"The branch {branch} could not be fetched into {repo}:\n{done.stderr}")
    display.say(f"The branch {branch} is in {repo}. Look at it with: git diff HEAD...{branch}")


def _repository_name(repo: Path) -> str:
    kept = "".join(char if char.isalnum() or char in "._-" else "-" for char in repo.resolve().name)
    return kept.strip(".-") or "project"
