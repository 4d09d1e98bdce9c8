"""A scripted model that obeys, and what can be seen of it from outside: its prompts, the audit trail, the hub."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from simhub.model_formats import ModelRequest
from tests.e2e.answers import calls
from tests.e2e.scenes import rows
from tests.injection.cases import AWS, KEY, Call, Speech, Tried
from tests.support.story import SECRET, Story

_BLOCK = re.compile(r"<untrusted-([0-9a-f]{16}) source=[^\n]*>\n(.*?)\n</untrusted-\1>", re.DOTALL)


@dataclass
class Obeys:
    """Gives its replies in turn, the last one for ever, and keeps what it heard before each."""

    replies: Sequence[dict[str, Any]]
    heard: list[ModelRequest] = field(default_factory=list)

    def __call__(self, asked: ModelRequest) -> dict[str, Any]:
        self.heard.append(asked)
        return self.replies[min(len(self.heard), len(self.replies)) - 1]

    def answered(self, number: int) -> str:
        """Return the answers of the tools to the reply with this number."""
        return self.heard[number + 1].result


def obeying(tried: Sequence[Tried], *then: dict[str, Any], first: Sequence[Call] = (), **words: str) -> Obeys:
    """One forbidden call a turn, in the table's order; capital ``words`` in them are replaced."""
    asked = [(name, {key: _filled(value, words) for key, value in given.items()}) for name, given in
             (*first, *(case.does for case in tried))]  # fmt: skip
    return Obeys([*map(calls, asked), *then])


def _filled(value: Any, words: dict[str, str]) -> Any:
    for word, text in words.items():
        value = value.replace(word, text) if isinstance(value, str) else value
    return value


def planted(cases: Sequence[Tried | Speech], *places: str) -> list[str]:
    """The texts of those of the cases that stand at one of these places."""
    return [case.planted for case in cases if case.where in places]


@dataclass(frozen=True)
class Heard:
    """Text that a request showed the model.

    Fenced as data, as answers of tools, and in our own words.
    """

    data: str
    results: str
    words: str


def heard(asked: ModelRequest) -> Heard:
    prose, results = [asked.system], []
    for message in asked.body["messages"]:
        for block in message["content"] if message["role"] == "user" else ():
            (results if block["type"] == "tool_result" else prose).append(block.get("content") or block.get("text"))
    text = "\n".join(prose)
    data = "\n".join(found.group() for found in _BLOCK.finditer(text))
    return Heard(data, "\n".join(results), _BLOCK.sub("", text))


def assert_heard_as_data(story: Story, cases: Sequence[Tried | Speech]) -> None:
    """Each text came into a prompt as data, and never among our own words; the hidden ones never came at all."""
    prompts = [heard(asked) for asked in story.script.requests]
    for case in cases:
        within = [one for one in prompts if case.text in one.data or case.text in one.results]
        assert bool(within) != case.hidden, f"{case.name}: {case.text}"
        loose = [one.words for one in prompts if case.text in one.words]
        assert loose == [], f"{case.name}: outside every block"


def assert_refused(story: Story, model: Obeys, tried: Sequence[Tried], skip: int = 0) -> None:
    """Every forbidden call was made, and answered as the table says; where code refused it, a row says so."""
    for number, case in enumerate(tried, skip):
        made = model.replies[number]["tool_calls"][0]
        assert made["name"] == case.does[0], case.name
        assert case.told in model.answered(number), f"{case.name}: {model.answered(number)[:600]}"
    assert_audited(story, tried)


def assert_audited(story: Story, tried: Sequence[Tried]) -> None:
    refused = {action for (action,) in rows(story, "select action from fh_audit where allowed = 0")}
    missing = [case.name for case in tried if case.audited is not None and case.audited not in refused]
    assert missing == [], refused


def assert_defused(posted: str, said: Sequence[Speech]) -> None:
    """Check that nothing forbidden was posted.

    Where a text had something forbidden, check what became of it.
    """
    for case in said:
        assert not case.never or case.never not in posted, f"{case.name}: {posted!r}"
        assert case.told in posted, f"{case.name}: {posted!r}"


def texts_of(story: Story) -> Iterator[str]:
    """Every text that the bot has on the hub, and every request that it wrote it with."""
    for record in story.hub.requests:
        if record.kind == "installation" and record.body is not None:
            yield str(record.body)


def assert_no_secret_out(story: Story) -> None:
    """None of the bot's secrets, and no made-up key, in anything that it sent, logged or told a model."""
    held = [SECRET, *story.hub.world.tokens, *story.app.private_key.splitlines()[1:-1]]
    told = [f"{one.data}{one.results}" for one in map(heard, story.script.requests)]
    sent = list(texts_of(story))
    assert sent
    for secret in held:
        assert not any(secret in text for text in (*told, *sent, story.log)), "a secret of the bot's is out"
    for key in (KEY, AWS):
        assert not any(key in text for text in (*sent, story.log)), f"{key} is out"
