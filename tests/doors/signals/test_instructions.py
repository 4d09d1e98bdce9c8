"""What senders are told to enter, and that the manual says the same."""

from __future__ import annotations

import json
import subprocess
from typing import get_args

import pytest
import yaml

from bot.doors.signals.instructions import DATADOG, instruct
from bot.doors.signals.verification import verify
from bot.types import SourceKind
from tests.support import published

URL = "https://bot.example.org/signals/0123456789abcdef/path-key"


@pytest.mark.parametrize("kind", get_args(SourceKind))
def test_the_manual_says_the_same(kind: SourceKind) -> None:
    page = (published.ROOT / "docs" / "signals.md").read_text()
    assert instruct(kind, "<ID>", "<URL>", "<SECRET>").replace("://forgehand:<SECRET>@", "") in page.replace(
        "<URL WITH LOGIN>", "<URL>"
    )
    told = instruct(kind, "0123456789abcdef", URL, "its-secret")
    assert "<" not in told
    assert ("its-secret" in told) == (kind not in {"sentry", "pagerduty"})


def test_alertmanagers_text_is_its_configuration() -> None:
    text = instruct("alertmanager", "", URL, "its-secret").partition("\n\n")[2]
    (receiver,) = yaml.safe_load(text)["receivers"]
    (hook,) = receiver["webhook_configs"]
    assert hook["url"] == URL
    assert hook["http_config"]["authorization"] == {"credentials": "its-secret"}


def test_datadogs_template_is_the_shipped_file() -> None:
    shipped = (published.ROOT / "deploy" / "datadog-webhook.json").read_text()
    assert shipped.strip() == DATADOG
    assert set(json.loads(DATADOG).values()) >= {"$ALERT_CYCLE_KEY", "$ALERT_TRANSITION"}


@pytest.mark.needs("openssl")
def test_the_shell_of_our_format_signs_as_we_verify() -> None:
    """The printed lines run in a shell; curl is replaced by what prints its arguments."""
    text = instruct("own", "", URL, "its-secret")
    head = "curl() { printf '%s\\n' \"$@\"; }; uuidgen() { echo some-name; }\n"
    done = subprocess.run(["bash", "-c", head + text], capture_output=True, text=True, check=True)
    _, url, _, header, _, body = done.stdout.splitlines()
    name, _, value = header.partition(": ")
    at = float(value.split(",")[0].removeprefix("t="))
    assert url == URL
    assert verify("own", {name: value}, body.encode(), ["its-secret"], at).name == b"some-name"
