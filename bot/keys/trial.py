"""Try a key out in stages, each named: address, encryption, key, models, answer, and what the model can do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

from bot.models.catalogue import ModelSpec
from bot.models.client import SdkModel
from bot.models.port import BudgetExceeded, ModelBusy, ModelError, ModelQuota, ModelRefused
from bot.models.probe import Asking, list_traits, try_out
from bot.store.keys import Finding
from bot.types import JsonModel

REST_MS = 600_000  # so long a key out of credit is left alone where the provider does not say until when
Connect = Callable[[ModelSpec, str], SdkModel]
_SILENCE = 60.0  # seconds


class Stage(JsonModel):
    """A stage of a trial; ``ok`` None: it could not be told."""

    name: Literal["address", "encryption", "key", "models", "answer", "list", "tool", "schema", "context", "usage"]
    ok: bool | None
    text: str


class Trial(JsonModel):
    """Stages of a key that was tried, and what they say about it."""

    stages: tuple[Stage, ...]
    finding: Finding

    @property
    def words(self) -> str:
        """Return a line for each stage."""
        marks = {True: "ok  ", False: "fail", None: "?   "}
        return "\n".join(f"{marks[stage.ok]} {stage.name}: {stage.text}" for stage in self.stages)


def connect(spec: ModelSpec, secret: str) -> SdkModel:
    """Return the client that a key is tried with."""
    return SdkModel(spec, secret, idle=_SILENCE)


async def try_key(connect: Connect, specs: Sequence[ModelSpec], secret: str, ask: Asking | None = None) -> Trial:
    """Try a key at the address of the models that are asked with it.

    With ``ask`` the first of them is tried out, which is paid; the stages before cost nothing.
    """
    listed, error = await _list(connect(specs[0], secret))
    stages = [*_judge_connection(specs[0], error), _judge_key(error)]
    if error is None and listed:
        stages.append(_judge_models(specs, listed))
    finding = judge(error)
    if ask is not None and finding.state in ("works", "untested") and not _is_unreachable(error):
        more, finding = await _try_out(connect(specs[0], secret), ask, finding)
        stages += more
    return Trial(stages=tuple(stages), finding=finding)


def judge(error: ModelError | None) -> Finding:
    """Say what an error, or none, tells about the key.

    In our own words: a provider's may hold the key.
    """
    if error is None:
        return Finding(state="works")
    if isinstance(error, ModelQuota):
        until = error.detail("until")
        end = int(float(until) * 1000) if until is not None else int(time.time() * 1000) + REST_MS
        return Finding(state="exhausted", problem="The account is out of credit or over its limit.", until=end)
    if isinstance(error, ModelRefused) and error.detail("reason") == "key":
        return Finding(state="refused", problem="The provider does not accept the key.")
    if isinstance(error, ModelBusy):
        return Finding(state="works", problem="The provider is busy.")
    return Finding(state="untested", problem="The provider could not be asked.")


async def _list(model: SdkModel) -> tuple[set[str], ModelError | None]:
    try:
        return {str(each.get("id")) for each in await model.list_models()}, None
    except ModelError as error:
        return set(), error


def _is_unreachable(error: ModelError | None) -> bool:
    return error is not None and error.detail("stage") is not None


def _judge_connection(spec: ModelSpec, error: ModelError | None) -> list[Stage]:
    failed = None if error is None else error.detail("stage")
    reached = failed != "address"
    address = Stage(
        name="address",
        ok=reached,
        text=f"{spec.base_url} answers." if reached else f"Nothing answers at {spec.base_url}.",
    )
    if not reached:
        return [address, Stage(name="encryption", ok=None, text="Not reached.")]
    if not spec.base_url.startswith("https:"):
        return [address, Stage(name="encryption", ok=True, text="None: whoever runs the server chose this address.")]
    text = "The certificate is not trusted." if failed == "encryption" else "The certificate is good."
    return [address, Stage(name="encryption", ok=failed is None, text=text)]


def _judge_key(error: ModelError | None) -> Stage:
    found = judge(error)
    if found.state == "untested":
        text = "Not reached." if _is_unreachable(error) else "The server does not list its models, so this is not told."
        return Stage(name="key", ok=None, text=text)
    return Stage(name="key", ok=found.state == "works", text=found.problem or "Accepted.")


def _judge_models(specs: Sequence[ModelSpec], listed: set[str]) -> Stage:
    missing = [spec.name for spec in specs if spec.name not in listed]
    text = (
        f"Not in the list of this key: {', '.join(missing)}." if missing else "All models asked here are in the list."
    )
    return Stage(name="models", ok=not missing, text=text)


async def _try_out(model: SdkModel, ask: Asking, before: Finding) -> tuple[list[Stage], Finding]:
    """Ask a model a few small questions; its silence disproves no key."""
    try:
        seen = await try_out(model, ask)
    except ModelError as error:
        found = judge(error)
        said = error.message if isinstance(error, BudgetExceeded) else found.problem or "it gave no answer."
        stage = Stage(name="answer", ok=False, text=f"{model.name}: {said}")
        return [stage], before if found.state == "untested" else found
    text = f"{model.name} answers; {seen.questions} questions cost ${seen.cost:.4f}."
    traits = [
        Stage(name=one.name, ok=one.ok, text=f"{model.name}: {one.text}.") for one in list_traits(model.spec, seen)
    ]
    return [Stage(name="answer", ok=True, text=text), *traits], Finding(state="works")
