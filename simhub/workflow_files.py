"""Read workflow files: what starts them, their jobs, the commands of their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml


@dataclass(frozen=True)
class FileStep:
    """A step: ``run`` is its command, empty for an action."""

    name: str
    run: str = ""
    folder: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    always: bool = False


@dataclass(frozen=True)
class FileJob:
    name: str
    key: str
    needs: tuple[str, ...]
    steps: tuple[FileStep, ...]


@dataclass(frozen=True)
class WorkflowFile:
    """A workflow: which ``events`` start it, for which branches (none named: all)."""

    name: str
    events: Mapping[str, tuple[str, ...]]
    jobs: tuple[FileJob, ...]

    def wants(self, event: str, branch: str) -> bool:
        branches = self.events.get(event)
        return branches is not None and (not branches or branch in branches)


def read_workflow(path: str, text: str) -> WorkflowFile | None:
    """Return what a file says; None where GitHub could not start it."""
    try:
        data = yaml.safe_load(text)
        on = data.get("on", data.get(True))  # YAML 1.1 reads the key as a boolean
        env = data.get("env") or {}
        jobs = tuple(_read_job(key, job, env) for key, job in data["jobs"].items())
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        return None
    return WorkflowFile(str(data.get("name") or path), _read_events(on), jobs)


def _read_events(on: Any) -> dict[str, tuple[str, ...]]:
    if isinstance(on, str):
        return {on: ()}
    if isinstance(on, list):
        return {str(event): () for event in on}
    return {str(event): tuple((rule or {}).get("branches", ())) for event, rule in (on or {}).items()}


def _read_job(key: str, job: Mapping[str, Any], env: Mapping[str, Any]) -> FileJob:
    needs = job.get("needs", ())
    default = ((job.get("defaults") or {}).get("run") or {}).get("working-directory", ".")
    shared = {**env, **(job.get("env") or {})}
    steps = tuple(_read_step(step, default, shared) for step in job["steps"])
    return FileJob(str(job.get("name") or key), key, (needs,) if isinstance(needs, str) else tuple(needs), steps)


def _read_step(step: Mapping[str, Any], folder: str, env: Mapping[str, Any]) -> FileStep:
    run = str(step.get("run") or "")
    shown = run.strip().partition("\n")[0] or str(step.get("uses") or "")
    merged = {name: str(value) for name, value in {**env, **(step.get("env") or {})}.items()}
    always = "always()" in str(step.get("if") or "")
    return FileStep(str(step.get("name") or f"Run {shown}"), run, step.get("working-directory", folder), merged, always)
