"""Pull requests of the review bench, and what the scripted model has to say of each."""

from __future__ import annotations

import asyncio
import base64
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from simhub.gitrepo import environment, git_now
from simhub.hub import Hub
from simhub.model import Account, Pull, Repository

_PER_FILE = 240


@dataclass(frozen=True)
class Report:
    """A finding as a model tells it, with the code that would be right."""

    path: str
    line: int
    quote: str
    title: str
    claim: str
    better: str


@dataclass(frozen=True)
class Scene:
    """A pull request: files as they are at its head, and the findings a model reports, ``invented`` ones among them."""

    title: str
    files: Mapping[str, str]
    told: tuple[Report, ...] = ()
    invented: tuple[Report, ...] = ()


def _module(name: str, body: str) -> str:
    last = f'def name_of_{name}():\n    return "{name}"\n'
    return f'"""How a shop reckons: {name}."""\n\n\ndef {name}(items, rate):\n{body}\n\n\n{last}'


NAMES = ("total", "mean", "discount")
BASE = {
    **{f"shop/{name}.py": _module(name, "    return 0") for name in NAMES},
    "shop/__init__.py": "",
    "README.md": "# A shop\n",
}
_WRONG = {
    "total": ("    return sum(items) * rate / 0", "a division by zero", "    return sum(items) * rate"),
    "mean": ("    return sum(items) / len(items)", "empty items", "    return sum(items) / max(1, len(items))"),
    "discount": ("    return items[0] - items[1] * rate", "one item", "    return items[0] * (1 - rate)"),
}
_RIGHT = {"total": "    return sum(items)", "mean": "    return items and items[0]", "discount": "    return rate"}


def findings(number: int) -> Scene:
    """Make three files with a bug each; the model reports an invented one too."""
    files = {f"shop/{name}.py": _module(name, f"    # {number}\n{_WRONG[name][0]}") for name in NAMES}
    told = tuple(
        Report(f"shop/{name}.py", 6, wrong, f"{name} fails for {when}", f"It fails for {when}.", better)
        for name, (wrong, when, better) in _WRONG.items()
    )
    invented = Report("shop/elsewhere.py", 3, "    return 1 / nothing", "elsewhere fails", "It divides by nothing.", "")
    return Scene(f"Findings {number}", files, told, (invented,))


def quiet(number: int) -> Scene:
    """Three files and nothing to say."""
    return Scene(
        f"Quiet {number}", {f"shop/{name}.py": _module(name, f"    # {number}\n{_RIGHT[name]}") for name in NAMES}
    )


def large(files: int = 120) -> Scene:
    """Make many long new files, each named in every line to tell who was read."""
    lines = {number: [f"value_{number:03}_{line} = {line} * {number + 1}" for line in range(_PER_FILE)]
             for number in range(files)}  # fmt: skip
    return Scene("Large", {f"shop/part_{number:03}.py": "\n".join(text) + "\n" for number, text in lines.items()})


async def propose(hub: Hub, repository: Repository, person: Account, scene: Scene, folder: Path) -> Pull:
    """Push a branch with real git and open the pull request over REST."""
    branch = scene.title.lower().replace(" ", "-")
    await asyncio.to_thread(_commit, hub, repository, person, scene, folder / branch, branch)
    return await open_pull(hub, repository, person, scene.title, branch)


async def open_pull(
    hub: Hub, repository: Repository, person: Account, title: str, branch: str, base: str = "main"
) -> Pull:
    """Open the pull request over REST."""
    wanted = {"title": title, "head": branch, "base": base, "body": "As discussed."}
    headers = {"Authorization": f"token {person.token}"}
    url = f"{hub.api_url}/repos/{repository.full_name}/pulls"
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, json=wanted) as answer:
        answer.raise_for_status()
        number = (await answer.json())["number"]
    return next(pull for pull in repository.pulls if pull.number == number)


def _commit(hub: Hub, repository: Repository, person: Account, scene: Scene, work: Path, branch: str) -> None:
    git_now(repository.path.parent, "clone", "--quiet", str(repository.path), str(work))
    for path, text in scene.files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text)
    who = ("-c", f"user.name={person.login}", "-c", f"user.email={person.login}@example.org")
    git_now(work, "checkout", "--quiet", "-b", branch)
    git_now(work, "add", "--all")
    git_now(work, *who, "commit", "--quiet", "-m", scene.title)
    push(hub, repository, person, work, f"HEAD:refs/heads/{branch}")


def push(hub: Hub, repository: Repository, person: Account, work: Path, *refspecs: str) -> None:
    """Push from a clone over HTTP, as a person does. Blocking."""
    secret = base64.b64encode(f"x-access-token:{person.token}".encode()).decode()
    header = ("-c", f"http.extraHeader=Authorization: Basic {secret}")
    url = f"{hub.url}/{repository.full_name}.git"
    subprocess.run(["git", *header, "push", "--quiet", url, *refspecs], cwd=work, env=environment(), check=True)


def seed(folder: Path) -> Path:
    """Return the repository before any pull request, as files."""
    for path, text in BASE.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def report(told: tuple[Report, ...]) -> dict[str, Any]:
    """Return the findings as Forgehand's finders report them."""
    findings = [
        {
            "path": one.path,
            "quote": one.quote,
            "line": one.line,
            "severity": "bug",
            "concern": "correctness",
            "title": one.title,
            "claim": one.claim,
            "failing_input": one.claim,
            "suggestion": one.better or None,
        }
        for one in told
    ]
    return {"findings": findings, "files": [{"path": one.path, "change": "It reckons."} for one in told]}


def verdict(one: Report) -> dict[str, Any]:
    return {"holds": True, "path": one.path, "quote": one.quote, "failing_input": one.claim, "reason": one.claim}
