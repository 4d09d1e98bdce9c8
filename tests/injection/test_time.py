"""Texts made to cost time: everything that reads what strangers, models or tests write comes to its end at once.

Each was minutes, or for ever, at this length before. They run in a process of their own, which can be stopped.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

SECONDS = 10  # of the processor: how busy the machine is does not count
LONGEST = 60_000

READING = "from bot.work.untrusted import visible as read"
WRITING = "from bot.github.text.outgoing import outgoing as read"
ANSWERS = (
    "from bot.models.port import BadAnswer\nfrom bot.models.structured import parse\n"
    "def read(text):\n    try: parse(text, {})\n    except BadAnswer: pass"
)
SUGGESTED = "from bot.github.text.suggestions import _strip_fence as read"
TESTS = "from bot.toolchains.python.units import _TEST\nread = _TEST.search"
TAP = "from bot.toolchains.tap import read_tap as read"
REPLIES = "from bot.pulls.replies import read_stance as read"
REMARKS = "from bot.pulls.similarity import read_wordings as read"


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (READING, "'![](' * 15_000"),
        (READING, "'![a](b ' * 7_500"),
        (READING, "'[\\n' * 30_000"),
        (READING, "'```a\\n' * 12_000"),
        (READING, "'~~~\\n```\\n' * 7_000"),
        (READING, "'[a]: b \"\\n' * 6_000"),
        (READING, "'](a \"' * 12_000"),
        (READING, "'</script' * 6_600"),
        (WRITING, "'sk-' * 20_000"),
        (WRITING, "'-----BEGIN PRIVATE KEY-----' * 2_200"),
        (WRITING, "'-----BEGIN PRIVATE KEY-----' + '\\n ' * 30_000"),
        (WRITING, "'\\n' * 60_000"),
        (WRITING, "'fixes @a http://b/c#1 ' * 500_000"),
        (ANSWERS, "'```' + '\\n' * 50_000 + 'x'"),
        (ANSWERS, "'[' * 1_000_000"),
        (SUGGESTED, "'```\\n' + '\\t' * 50_000 + 'x'"),
        (SUGGESTED, "'`' * 50_000 + '\\n' + 'a\\n' * 5_000"),
        (TESTS, "'\\n' * 60_000"),
        (TAP, "'ok' + ' ' * 50_000 + '#!'"),
        (TAP, "'not ok 1 - ' + ' a' * 25_000 + '#'"),
        (REMARKS, "'<!--' * 15_000"),
        (REMARKS, "'```a\\n~~~\\n' * 6_000"),
        (REMARKS, "'`' * 60_000"),
        (REPLIES, "'`' * 3_999"),
        (REPLIES, "'~~ ' * 1_333"),
        (REPLIES, "'[](' * 1_333"),
        (REPLIES, "'not a ' * 666"),
        (REPLIES, "'i do not think that this is ' * 140"),
        (REPLIES, "'this is not how a ' * 220"),
        (REPLIES, "'kann hier so gar ' * 230"),
        (REPLIES, "'<a ' * 1_333"),
        (REPLIES, "', ' * 2_000"),
    ],
)
def test_no_text_buys_time(reader: str, text: str) -> None:
    limit = f"import resource\nresource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))"
    done = subprocess.run(
        [sys.executable, "-c", f"{limit}\n{reader}\nread({text})"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
