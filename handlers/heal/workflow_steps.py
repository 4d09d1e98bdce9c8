"""Find the command of a failed step in a workflow file.

The file is data: nothing of it is trusted to be as it should.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from bot.untrusted_yaml import load_yaml
from handlers.heal.records import FailedCommand

_LARGEST = 256_000
_MOST_COMBINATIONS = 256
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
_STATIC = {"runner.os": "Linux", "github.workspace": "."}
_SHELLS = ("", "bash", "sh")
# what only installs: the sandbox has installed the repository already, and has no network
_INSTALLS = re.compile(
    r"\s*(?:python3? -m )?(?:pip|pip3|uv pip|pipx) install\b|\s*uv sync\b|\s*poetry install\b|\s*npm (?:ci|install)\s*$"
    r"|\s*(?:yarn|pnpm)(?: install)?(?: --frozen-lockfile| --immutable)?\s*$|\s*bundle install\b"
    r"|\s*(?:sudo )?apt(?:-get)? |\s*pipenv (?:sync|install)\b|\s*go mod download\b"
)
_COMPARES = re.compile(r"\s*git diff(?: --(?:exit-code|quiet|stat|name-only))* --(?:exit-code|quiet)\b[^;&|]*$")


class Found(NamedTuple):
    """A failed step's command, or why it cannot be run here."""

    command: FailedCommand | None
    why_not: str = ""


class _Job(NamedTuple):
    body: Mapping[str, Any]
    context: Mapping[str, str]  # expressions that are static in this job


def find_command(text: str, job: str, step: str) -> Found:
    """Return a step's command; job and step as the API names them."""
    try:
        data = load_yaml(text[:_LARGEST])
    except (yaml.YAMLError, RecursionError, ValueError):
        return Found(None, "the workflow file could not be read")
    found = next((one for name, one in _list_jobs(_mapping(data)) if name == job), None)
    if found is None:
        return Found(None, f"the workflow file has no job `{job}` of its own")
    steps = found.body.get("steps")
    for item in steps if isinstance(steps, list) else []:
        if _name_step(_mapping(item), found.context) == step:
            return _read_command(_mapping(data), found, _mapping(item))
    return Found(None, f"the workflow file has no step `{step}` in that job")


def _list_jobs(data: Mapping[str, Any]) -> Iterator[tuple[str, _Job]]:
    """Yield jobs as the API names them, one for each cell of a matrix."""
    for key, value in _mapping(data.get("jobs")).items():
        body = _mapping(value)
        env = _texts(_mapping(data.get("env"))) | _texts(_mapping(body.get("env")))
        shared = _STATIC | {f"env.{name}": text for name, text in env.items()}
        for cells in _list_combinations(_mapping(_mapping(body.get("strategy")).get("matrix"))):
            context = shared | {f"matrix.{name}": text for name, text in cells.items()}
            title = body.get("name")
            if isinstance(title, str):
                name = _expand(title, context)
                yield (
                    (name if "${{" in title or not cells else f"{name} ({', '.join(cells.values())})"),
                    _Job(body, context),
                )
            else:
                yield (f"{key} ({', '.join(cells.values())})" if cells else str(key)), _Job(body, context)


def _list_combinations(matrix: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a static matrix's combinations; an empty one for none."""
    axes = [
        [(str(name), _text(value)) for value in values]
        for name, values in matrix.items()
        if name not in ("include", "exclude") and isinstance(values, list)
    ]
    cells = [dict(pairs) for pairs in itertools.islice(itertools.product(*axes), _MOST_COMBINATIONS)]
    extra = matrix.get("include")
    return cells + [_texts(_mapping(item)) for item in (extra if isinstance(extra, list) else [])[:_MOST_COMBINATIONS]]


def _name_step(step: Mapping[str, Any], context: Mapping[str, str]) -> str:
    if isinstance(step.get("name"), str):
        return _expand(step["name"], context)
    first = _text(step.get("run")).strip().partition("\n")[0]
    return f"Run {_expand(first, context) or _text(step.get('uses'))}"


def _read_command(data: Mapping[str, Any], job: _Job, step: Mapping[str, Any]) -> Found:
    run = _expand(_text(step.get("run")), job.context)
    if not run.strip():
        return Found(None, "it is an action, not a command of the repository's")
    defaults = [_mapping(_mapping(one.get("defaults")).get("run")) for one in (job.body, data)]
    shell = next((_text(one["shell"]) for one in (step, *defaults) if "shell" in one), "")
    if shell.partition(" ")[0] not in _SHELLS:
        return Found(None, f"it runs in the shell `{shell[:40]}`")
    folder = next((_text(one["working-directory"]) for one in (step, *defaults) if "working-directory" in one), "")
    folder = _expand(folder, job.context)
    env = {name[4:]: text for name, text in job.context.items() if name.startswith("env.")}
    env |= {name: _expand(text, job.context) for name, text in _texts(_mapping(step.get("env"))).items()}
    if "${{" in run or "${{" in folder:
        return Found(None, "it uses values that only a run of Actions knows")
    env = {name: text for name, text in env.items() if "${{" not in text and name.isidentifier()}
    return Found(_divide(run, folder, env))


def _divide(run: str, folder: str, env: dict[str, str]) -> FailedCommand:
    """Take apart what installs, what runs, and a last look by git."""
    lines = run.strip("\n").split("\n")
    left_out = tuple(line.strip() for line in lines if _INSTALLS.match(line))
    kept = [line for line in lines if not _INSTALLS.match(line)]
    text = "\n".join(kept).strip()
    before, clean = _strip_comparison(text)
    return FailedCommand(text=before, folder=folder, env=env, clean=clean, left_out=left_out)


def _strip_comparison(text: str) -> tuple[str, bool]:
    """Return a command without a last ``git diff --exit-code``, if any."""
    for separator in ("&&", "\n", ";"):
        before, found, last = text.rpartition(separator)
        if found and before.strip() and _COMPARES.match(last):
            return before.strip(), True
    return text, False


def _expand(text: str, context: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda match: context.get(match.group(1), match.group()), text)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    """Return a scalar as text; what may be huge by references as none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""
