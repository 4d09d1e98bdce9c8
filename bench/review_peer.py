"""PR-Agent as the peer of the review bench: installed, started as a GitHub App, and what a model answers it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from bench.review_scenes import Report
from bench.webhooks.servers import SECRET, Server, answering, key_file, running
from simhub import AppCredentials, Hub
from simhub.model_formats import ModelRequest

VERSION = "0.49.0"
_VENV = Path(".bench/pr-agent").resolve()
_OLDEST = (3, 12)


def install_pr_agent() -> None:
    """Install the peer into ``.bench/pr-agent`` unless that very version is there. It needs Python 3.12 or later."""
    if _installed() == VERSION:
        return
    python = next((path for path in _interpreters() if _version(path) >= _OLDEST), None)
    if python is None:
        sys.exit(
            "This bench compares with PR-Agent, which needs Python 3.12 or later, and there is none on this machine: "
            "put a python3.12 on PATH (or in ~/.pyenv/versions), or name one in BENCH_PYTHON."
        )
    shutil.rmtree(_VENV, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(_VENV)], check=True)
    pip = [str(_VENV / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, f"pr-agent[github]=={VERSION}"], check=True)


def _installed() -> str:
    asked = "import importlib.metadata; print(importlib.metadata.version('pr-agent'))"
    try:
        done = subprocess.run([_VENV / "bin/python", "-c", asked], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def _interpreters() -> Iterator[str]:
    if named := os.environ.get("BENCH_PYTHON"):
        yield named
    for minor in (12, 13, 14):
        if found := shutil.which(f"python3.{minor}"):
            yield found
    yield from (found for found in (shutil.which("python3"),) if found)
    versions = Path.home() / ".pyenv/versions"
    yield from sorted(str(path) for path in versions.glob("3.1[2-9]*/bin/python"))


def _version(python: str) -> tuple[int, int]:
    asked = "import sys; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False)
        major, minor = done.stdout.split()
    except (OSError, ValueError):
        return 0, 0
    return int(major), int(minor)


@asynccontextmanager
async def pr_agent(
    hub: Hub, app: AppCredentials, folder: Path, port: int, model_url: str, commands: Sequence[str] = ()
) -> AsyncIterator[Server]:
    """Run its GitHub App server; without ``commands`` with its three defaults."""
    package = next(_VENV.glob("lib/python3*/site-packages"))
    environment = {
        "GITHUB__DEPLOYMENT_TYPE": "app",
        "GITHUB__BASE_URL": hub.api_url,
        "GITHUB__APP_ID": str(app.app_id),
        "GITHUB__PRIVATE_KEY": key_file(app, folder).read_text(),
        "GITHUB__WEBHOOK_SECRET": SECRET,
        "OPENAI__KEY": "sk-scripted",
        "OPENAI__API_BASE": model_url,
        "CONFIG__MODEL": "gpt-4o",
        "CONFIG__FALLBACK_MODELS": '["gpt-4o"]',
        "CONFIG__LOG_LEVEL": "INFO",
        "PR_REVIEWER__INLINE_KEY_ISSUES": "true",
        # It would fetch both from the internet; litellm brings them along.
        "TIKTOKEN_CACHE_DIR": str(package / "litellm/litellm_core_utils/tokenizers"),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    if commands:
        environment["GITHUB_APP__PR_COMMANDS"] = str(list(commands)).replace("'", '"')
    command = [str(_VENV / "bin/uvicorn"), "pr_agent.servers.github_app:app", "--host", "127.0.0.1"]
    async with running([*command, "--port", str(port)], environment, folder / "pr-agent.log") as process:
        yield await answering(Server("pr-agent", port, "/api/v1/github_webhooks", "/", process), "/")


def answer(asked: ModelRequest, told: Sequence[Report]) -> dict[str, Any]:
    """Answer one of its four prompts as a model, in the YAML it asks for."""
    if "suggestion_score" in asked.system + asked.user:
        return _yaml({"code_suggestions": [_scored(number, one) for number, one in enumerate(told)]})
    if "code_suggestions" in asked.system + asked.user:
        return _yaml({"code_suggestions": [_suggested(one) for one in told]})
    if "key_issues_to_review" in asked.system + asked.user:
        return _yaml({"review": _reviewed(told)})
    kinds = {"type": ["Enhancement"], "title": "Prices", "description": "- Prices are computed"}
    return _yaml({**kinds, "pr_files": []})


def _yaml(data: Any) -> dict[str, Any]:
    return {"text": f"```yaml\n{yaml.safe_dump(data, sort_keys=False)}```"}


def _reviewed(told: Sequence[Report]) -> dict[str, Any]:
    issues = [
        {
            "relevant_file": one.path,
            "issue_header": one.title,
            "issue_content": one.claim,
            "start_line": one.line,
            "end_line": one.line,
        }
        for one in told
    ]
    return {
        "estimated_effort_to_review_[1-5]": 2,
        "relevant_tests": "No",
        "key_issues_to_review": issues,
        "security_concerns": "No",
    }


def _suggested(one: Report) -> dict[str, Any]:
    return {
        "relevant_file": one.path,
        "language": "python",
        "existing_code": one.quote,
        "suggestion_content": one.claim,
        "improved_code": one.better,
        "one_sentence_summary": one.title,
        "label": "possible bug",
    }


def _scored(number: int, one: Report) -> dict[str, Any]:
    return {
        "suggestion_summary": one.title,
        "relevant_file": one.path,
        "relevant_lines_start": one.line,
        "relevant_lines_end": one.line,
        "suggestion_score": 9 - number,
        "why": one.claim,
    }
