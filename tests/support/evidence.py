"""Records of a task as its steps would have left them, with the fields a test wants otherwise."""

from __future__ import annotations

from typing import Any

from bot.change.records import Baseline, Brief, ChangeTask, Claims, Failure, Gate, GateReport, Proof
from bot.git.changes import Changes
from bot.types import Actor, Repository
from bot.work.origin import Origin, Principal, Request, Subject
from bot.work.records import CommandRun, Cost
from handlers.fix.judge import Counterexample, FixEvidence
from handlers.fix.task import FixInput

TEST = "tests/test_cents.py::CentsTest::test_cents_count"
MESSAGE = "def test_cents_count(self):\n>   assert total(['2.50']) == 250\nE   AssertionError: 200 != 250\n"


CLAIMS = Claims(cause="Cents are dropped.", change="Cents are added.")


def make_task(**given: Any) -> ChangeTask:
    repository = Repository(id=7, owner="octo", name="basket", installation=3, private=False)
    subject = {"kind": "issue", "number": 12, "title": "Cents are lost", "body": "total gives 200"}
    actor = Actor(login="mara", id=5, type="User")
    origin = {"door": "label", "principal": Principal(actor=actor), "key": "d1", "at": "2026-01-02T03:04:05Z"}
    origin |= {"delivery": "d1", "label": given.get("source_label", "ai-bug-fix")}
    return Request[FixInput](
        repository=given.get("repository", repository),
        subject=Subject.model_validate(subject | {key: given[key] for key in subject if key in given}),
        origin=Origin.model_validate(origin | {key: given[key] for key in origin if key in given}),
        input=FixInput(),
    )


def make_gates(**failed: str) -> tuple[Gate, ...]:
    """All gates, passed but for those named (blanks as ``_``) with what they show after the change."""
    passed = {
        "tests taken from base": ("", "none changed"),
        "proof": ("fails", "passes, 3 of 3"),
        "regressions": ("3 pass", "4 pass"),
        "parse": ("", "parse"),
        "lint": ("0", "none"),
        "secrets": ("", "none"),
        "paths": ("", "none"),
        "size": ("", "2 files, 9 lines"),
    }
    gates = []
    for name, (before, after) in passed.items():
        shown = failed.get(name.replace(" ", "_"))
        detail = "" if shown is None else f"details of {name}"
        fields = {"name": name, "passed": shown is None, "before": before, "after": shown or after, "detail": detail}
        gates.append(Gate.model_validate(fields))
    return tuple(gates)


def make_evidence(*, tier: str = "bubblewrap", failed: dict[str, str] | None = None, **given: Any) -> FixEvidence:
    """A verified fix, unless ``failed`` gates or other fields say otherwise."""
    task = given.pop("task", make_task())
    proof = Proof(
        targets=("tests/test_prices.py",),
        files=Changes(files={"tests/test_cents.py": "def test(): ...\n"}),
        tests=(TEST,),
        failures=(Failure(test=TEST, phase="call", message=MESSAGE),),
        runs=3,
        reason="raises `AssertionError: 200 != 250`, as reported",
        command="pytest -q tests/test_cents.py",
    )
    baseline = Baseline(
        scope="full suite",
        targets=(),
        command="pytest -q",
        verdicts={"a": "passed", "b": "passed", "c": "passed"},
        seconds=2.0,
        tier=tier,
        setup=(CommandRun(command="pip install -e .", ok=True, seconds=75.4),),
    )
    report = GateReport(
        base_sha="0" * 40,
        changes=Changes(files={"basket/prices.py": "x = 1\n"}),
        gates=make_gates(**(failed or {})),
        command="pytest -q",
        seconds=3.0,
    )
    fields: dict[str, Any] = {
        "task": task,
        "brief": Brief(
            nonce="n", number=task.number, title=task.title, body=task.body, base_branch="main", base_sha="0" * 40
        ),
        "baseline": baseline,
        "proof": proof,
        "report": report,
        "judgement": Counterexample(model="checker", passed=True, reason="fine", supported=CLAIMS),
        "claims": CLAIMS,
        "cost": Cost(dollars=0.114, calls=6),
    }
    return FixEvidence(**(fields | given))
