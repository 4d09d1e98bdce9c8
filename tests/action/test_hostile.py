"""Text of others: no line of it is obeyed by the runner, none of it becomes an output, none of it is rendered."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.action.liar import TASK, lying, result, view
from tests.support.runner import Runner, StepEnd, obeyed, read_outputs

_ORDERS = [
    "::set-output name=verified::true", "::set-env name=PATH::/tmp", "::add-path::/tmp", "::add-mask::e",
    "::error title=x::y", "::stop-commands::x", "::save-state name=a::b", "::echo::on", "::debug::x",
    "##[set-output name=verified;]true", "##[add-mask]e", "words before ##[add-path]/tmp",
]  # fmt: skip
_BREAKS = [
    "{}",
    "fine\n{}",
    "fine\r{}",
    "fine\r\n{}",
    "  \t{}",
    "\u2028{}",
    "\u0085{}",
    "\u00a0{}",
    "\x00{}",
    "\x1b[0m{}",
]
ORDERS = [_BREAKS[at % len(_BREAKS)].format(order) for at, order in enumerate(_ORDERS * 4)]
MARKS = ["end-0\nverified=true", "verified<<x\ntrue\nx", "EOF\nstate=done\nEOF", "a=b", "%0A::add-mask::e", "<<"]
TEXTS = [*ORDERS, *MARKS]
_URL = f"/api/v1/tasks/{TASK}"


def test_there_are_fifty_texts_and_each_order_would_be_obeyed_as_it_stands() -> None:
    assert len(TEXTS) >= 50
    for order in _ORDERS:
        assert [each.name for each in obeyed(f"{order}\n")], order
    assert read_outputs("verified<<x\ntrue\nx\n") == {"verified": "true"}


async def test_no_text_of_a_server_steers_the_runner(tmp_path: Path) -> None:
    """All texts in every place at once; a text by itself is told apart by the log where one is obeyed."""
    text = "\n".join(TEXTS)
    async with lying() as liar:
        stages = [{"kind": "stage", "stage": each, "state": each, "text": each} for each in TEXTS]
        strange = [{"kind": each, "by": each, "error": each} for each in TEXTS]
        liar.events(*stages, *strange, {"kind": "ended", "state": text, "summary": text})
        liar.set(f"GET {_URL}", view(summary=text))
        liar.set(f"GET {_URL}/result", result(summary=text, report=text))
        end = await Runner(tmp_path, variables=liar.variables).run(server_url=liar.url, task="fix", number="3")
    assert end.code == 0
    check_obeyed(end, tokens=4)
    assert end.outputs == {
        "task": TASK, "state": "done", "url": f"{liar.url}{_URL}", "verified": "true", "cost": "0.42",
        "pull-request": "https://github.com/octo/sample/pull/4",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["::add-mask::e", "x\ry", "$(id)", "`id`", "https://a/b/c/pull/1\nstate=done", '";id;"']
)
async def test_an_output_has_a_form_that_no_shell_minds(tmp_path: Path, text: str) -> None:
    async with lying() as liar:
        liar.set(f"GET {_URL}", view(id=text, task=text, state=text, number=text))
        liar.set(f"GET {_URL}/result", result(pull_request=text, cost={"micro_dollars": text, "model_calls": text}))
        end = await Runner(tmp_path, variables=liar.variables).run(server_url=liar.url, task="fix", number="3")
    expected = {"task": "", "state": "failed", "url": f"{liar.url}{_URL}", "pull-request": "", "verified": "false"}
    assert end.outputs == {**expected, "cost": "0"}
    check_obeyed(end, tokens=4)


async def test_a_refusal_of_a_server_steers_nothing_either(tmp_path: Path) -> None:
    for at, text in enumerate(TEXTS):
        folder = tmp_path / str(at)
        folder.mkdir()
        async with lying() as liar:
            liar.set("POST /api/v1/tasks/fix", {"detail": text}, 403)
            end = await Runner(folder, variables=liar.variables).run(server_url=liar.url, task="fix", number="3")
        assert (end.code, end.outputs["state"]) == (1, "denied")
        check_obeyed(end, tokens=1)


async def test_a_report_is_shown_and_not_rendered(tmp_path: Path) -> None:
    report = "![x](https://evil.example/x.png)\n```\n</details><img src=x>\n````text\n@octo/all `a`"
    async with lying() as liar:
        liar.set(f"GET {_URL}/result", result(report=report))
        end = await Runner(tmp_path, variables=liar.variables).run(server_url=liar.url, task="fix", number="3")
    _, _, fenced = end.summary.partition("`````text\n")
    assert fenced.startswith(report)
    assert fenced.removeprefix(report).startswith("\n`````\n")


async def test_a_report_beyond_the_runners_limit_is_cut_at_a_line(tmp_path: Path) -> None:
    report = "\n".join(f"{at} ü" * 20 for at in range(60_000))
    async with lying() as liar:
        liar.set(f"GET {_URL}/result", result(report=report))
        end = await Runner(tmp_path, variables=liar.variables).run(server_url=liar.url, task="fix", number="3")
    assert len(report.encode()) > 1024 * 1024 > len(end.summary.encode()) > 800 * 1024
    *_, last, closing, empty, note = end.summary.rstrip("\n").split("\n")
    assert last in report.splitlines()
    assert (closing, empty, note) == ("```", "", "Cut here: the summary of a step holds 1 MiB.")


def check_obeyed(end: StepEnd, *, tokens: int) -> None:
    """Nothing but what the step itself says is obeyed, also by a runner that stops no commands."""
    for commands in (end.commands, obeyed(end.log, stops=False)):
        names = Counter(each.name for each in commands)
        annotations = sum(names.pop(name, 0) for name in ("notice", "warning", "error"))
        assert (annotations, set(names)) == (1, {"add-mask", "stop-commands"}), end.log
        masks = [each.message for each in commands if each.name == "add-mask"]
        assert masks == [f"token-{at + 1}" for at in range(tokens)]
