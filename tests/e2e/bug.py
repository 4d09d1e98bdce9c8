"""A bug in some language, and the fix's story told from it: the proof, the fix, edits out of bounds, cheats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.answers import BODY, JUDGED, TITLE, Rule, calls, change, edit, finish, later, new_file, prove
from tests.e2e.conftest import Tell
from tests.e2e.test_gates import AGAIN, refusals, results, unverified
from tests.support.story import Story
from tests.toolchains.conftest import write


@dataclass(frozen=True)
class Bug:
    """A small repository with a bug in one line, the new test that proves it, and the fix."""

    files: Mapping[str, str]
    product: str
    fix: tuple[str, str]  # the wrong line, and what it becomes
    proof: str
    proof_text: str
    quote: str  # of how the proof fails
    title: str = TITLE
    body: str = BODY

    @property
    def recognised(self) -> Rule:
        return {
            "match": {"system": "You compare a test's failure"},
            "reply": {"json": {"same": True, "quote": self.quote, "why": "The same."}},
            "reusable": True,
        }

    @property
    def proved(self) -> list[Rule]:
        read = calls(("read", {"path": self.product}))
        return [*prove(read, calls(edit(new_file(self.proof, self.proof_text))), calls(finish())), self.recognised]

    def replace(self, text: str) -> dict[str, Any]:
        """The edit that writes something in the place of the bug."""
        return calls(edit(change(self.product, self.fix[0], text)))

    def lay(self, folder: Path) -> Path:
        return write(folder / "source", dict(self.files))


async def tell_fix(
    tell: Tell, bug: Bug, folder: Path, shown: Sequence[str], attempts: Sequence[str] = (), **settings: str
) -> Story:
    """Tell how the bug is fixed and what is ``shown``, after ``attempts``: edits, each of which is refused."""
    turns = later(*(calls(edit(attempt)) for attempt in attempts), bug.replace(bug.fix[1]), calls(finish()))
    story: Story = await tell([*bug.proved, *turns, JUDGED], source=bug.lay(folder), **settings)
    number = await story.file(bug.title, bug.body)
    await story.until_status(number, "Done.")
    paths = [attempt.partition("\n")[0] for attempt in attempts]
    assert [action.removeprefix("edit ") for action, _ in refusals(story)] == paths
    (pull,) = await story.pulls()
    assert not pull["draft"]
    for text in ("passes, 3 of 3", *shown):
        assert text in pull["body"]
    files = await story.request("GET", f"/pulls/{pull['number']}/files")
    assert {file["filename"] for file in files} == {bug.product, bug.proof}
    return story


def suggested(story: Story) -> str:
    """What the model was told of where a new test goes."""
    return next(each for each in story.script.requests if "First task" in each.text).text


async def tell_cheat(tell: Tell, bug: Bug, folder: Path, lie: str, judge: Rule = JUDGED, **settings: str) -> str:
    """Tell how a lie in the place of the fix is caught; return what is said of it."""
    rules = [*bug.proved, *later(bug.replace(lie)), AGAIN, judge]
    story: Story = await tell(rules, source=bug.lay(folder), **settings)
    _, final = await unverified(story)
    return final


async def tell_false_proofs(tell: Tell, bug: Bug, folder: Path, texts: Sequence[str]) -> tuple[str, str]:
    """Tell how tests that prove nothing are refused; return all that was shown, and the last word."""
    before = ["", *texts]
    turns: list[dict[str, Any]] = []
    for old, new in zip(before, texts, strict=False):
        turns += [calls(edit(change(bug.proof, old, new) if old else new_file(bug.proof, new))), calls(finish())]
    rules = [{"match": {"tool": "edit"}, "reply": turn} for turn in turns]
    story: Story = await tell(rules, source=bug.lay(folder))
    _, final = await unverified(story)
    return results(story), final
