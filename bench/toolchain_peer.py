"""SWE-bench's log parsers as the peer of the toolchains' bench: installed apart, asked what a console says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.toolchain_summaries import Counts, make_counts

VERSION = "5.0.2"
_VENV = Path(".bench/swebench").resolve()
# The one that SWE-bench gives to repositories of this runner; it has none for CTest and Meson.
PARSERS = {
    "ava": "parse_log_tap",
    "bats": "parse_log_tap",
    "cargo test": "parse_log_cargo",
    "go test": "parse_log_gotest",
    "jest": "parse_log_jest",
    "minitest": "parse_log_minitest",
    "mocha": "parse_log_highlightjs",
    "node:test": "parse_log_tap",
    "phpunit": "parse_log_phpunit",
    "pytest": "parse_log_pytest",
    "test-unit": "parse_log_ruby_unit",
    "vitest": "parse_log_vitest",
}
_ASK = """
import importlib.metadata, json, sys
assert importlib.metadata.version("swebench") == sys.argv[1]
from swebench.harness import log_parsers
print(json.dumps([list(getattr(log_parsers, name)(log, None).values()) for name, log in json.load(sys.stdin)]))
"""
_KINDS = {"PASSED": "passed", "FAILED": "failed", "ERROR": "failed", "SKIPPED": "skipped", "XFAIL": "skipped"}


def ask_peer(logs: Sequence[tuple[str, str]]) -> list[Counts]:
    """Return the verdicts that its parsers find in consoles, each with its runner; it is installed if need be."""
    asked = json.dumps([(PARSERS[runner], console) for runner, console in logs])
    told = _ask(asked)
    if told is None:
        _install()
        told = _ask(asked)
    if told is None:
        sys.exit(f"SWE-bench {VERSION} could not be asked: remove {_VENV} and try again.")
    return [make_counts(Counter(_KINDS[one] for one in verdicts)) for verdicts in json.loads(told)]


def _ask(asked: str) -> str | None:
    try:
        done = subprocess.run(
            [_VENV / "bin/python", "-c", _ASK, VERSION], input=asked, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip().splitlines()[-1]


def _install() -> None:
    shutil.rmtree(_VENV, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(_VENV)], check=True)
    pip = [str(_VENV / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    subprocess.run([*pip, f"swebench=={VERSION}"], check=True)
