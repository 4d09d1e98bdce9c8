"""No secret and no prompt reaches the log, whoever writes it; every line is JSON."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.logs import redact, register_secret, scrub
from simhub.appkeys import new_key_pair

PEM = new_key_pair()[0]
PROGRAM = """
import logging, structlog
from bot import logs
from bot.settings import load_settings
logs.configure(load_settings())
log = structlog.get_logger("bot")
with structlog.contextvars.bound_contextvars(delivery="g-1", task="t-1", repository="octo/sample"):
    log.info("working", url="https://x-access-token:hunter2@example.org/", webhook="value is correct horse")
    logs.register_secret("minted at run time")
    try:
        raise ValueError("GitHub said: minted at run time")
    except ValueError:
        log.exception("failed")
logging.getLogger("aiohttp.server").error("Error with %s", "ghs_" + "a" * 600)
import dbos
logging.getLogger("dbos").warning("recovered %d", 3)
logging.getLogger("anthropic").debug("Request options: %s", {"messages": "the whole prompt"})
logging.getLogger("openai._base_client").info("the whole prompt")
log.debug("not at this level")
"""


def hidden(**event: Any) -> str:
    return json.dumps(redact(None, "info", {"event": "x", **event}), default=str)


@pytest.mark.parametrize(
    "secret",
    [
        "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
        "ghs_1234567_eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl" * 20,
        "github_pat_11ABCDEFG0_xyz",
        "sk-ant-api03-abc_def-ghi",
        "sk-proj-abcdefghijkl",
        "fhp_" + "Zz9" * 14,
        PEM,
        PEM.replace("\n", "\\n"),
        PEM[: len(PEM) // 2],
    ],
)
def test_credentials_are_known_by_their_shape(secret: str) -> None:
    body = secret.splitlines()[-1] if "\n" in secret else secret[8:]
    for text in (f"said {secret} twice", json.dumps({"a": [secret]})):
        assert body not in scrub(text)
    assert body not in hidden(error=RuntimeError(secret), where={"deep": [{"er": secret}]})


def test_registered_values_are_hidden_in_every_form() -> None:
    register_secret('pa"ss\nword')
    register_secret("t0ken-of-git")
    assert "pa" not in scrub('x pa"ss\nword')
    assert "ss" not in scrub(json.dumps({"k": 'pa"ss\nword'})).replace("k", "")
    assert scrub("Authorization: Basic eC1hY2Nlc3MtdG9rZW46dDBrZW4tb2YtZ2l0") == "Authorization: Basic [redacted]"
    assert "hunter2" not in scrub("postgresql://bot:hunter2@db/forgehand")


def test_key_names_hide_their_values_but_counts_stay() -> None:
    text = hidden(
        webhook_secret="a1", X_API_KEY="b2", Authorization="c3", messages=["d4"], prompt="e5", nested={"token": "f6"}
    )
    assert not any(value in text for value in ("a1", "b2", "c3", "d4", "e5", "f6"))
    assert redact(None, "info", {"event": "x", "input_tokens": 12, "passed": True}) == {
        "event": "x",
        "input_tokens": 12,
        "passed": True,
    }


def test_everything_goes_out_as_json_lines_without_secrets(tmp_path: Path) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "FORGEHAND_DATA_DIR": str(tmp_path),
        "FORGEHAND_WEBHOOK_SECRET": "correct horse",
        "FORGEHAND_LOG_LEVEL": "INFO",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=env,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["working", "failed", "Error with [redacted]", "recovered 3"]
    bound = {"delivery": "g-1", "task": "t-1", "repository": "octo/sample"}
    assert bound.items() <= lines[0].items()
    assert "ValueError" in lines[1]["exception"]
    for secret in ("hunter2", "correct horse", "minted at run time", "aaaa", "prompt"):
        assert secret not in done.stdout


def test_bad_log_arguments_do_not_break_the_program() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%d", ("no number",), None)
    with pytest.raises(TypeError):
        record.getMessage()
