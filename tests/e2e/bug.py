"""A bug in some language, and the fix's story told from it: the proof, the fix, edits out of bounds, cheats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.e2e.answers import BODY, JUDGED, TITLE, Rule, calls, change, edit, finish, later, new_file
from tests.e2e.conftest import Tell
from tests.e2e.scenes import git
from tests.e2e.test_gates import refusals, results
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

    def prove(self, false: Sequence[str] = ()) -> list[Rule]:
        """The proof stage: ``false`` are tests that prove nothing, each sent back, before the one that does."""
        turns = [calls(("read", {"path": self.product}))]
        for old, new in pairwise(["", *false, self.proof_text]):
            written = change(self.proof, old, new) if old else new_file(self.proof, new)
            turns += [calls(edit(written)), calls(finish())]
        return [{"match": {"text": "First task", "tool": "edit"}, "reply": turn} for turn in turns] + [self.recognised]

    def mend(self, lies: Sequence[str]) -> list[dict[str, Any]]:
        """The turns that write ``lies`` in the place of the bug, each sent back, before the fix."""
        texts = [self.fix[0], *lies, self.fix[1]]
        pairs = [(calls(edit(change(self.product, old, new))), calls(finish())) for old, new in pairwise(texts)]
        return [turn for pair in pairs for turn in pair]

    def lay(self, folder: Path) -> Path:
        return write(folder / "source", dict(self.files))


Caught = tuple[str, str]  # a text of a model that cheats, and what is said of it


async def tell_fix(
    tell: Tell,
    bug: Bug,
    folder: Path,
    shown: Sequence[str],
    attempts: Sequence[str] = (),
    proofs: Sequence[Caught] = (),
    lies: Sequence[Caught] = (),
    judges: Sequence[Rule] = (JUDGED,),
    **settings: str,
) -> Story:
    """Tell how the bug is fixed and what is ``shown``, by a model that has tried worse before.

    ``proofs`` are tests that prove nothing, ``attempts`` edits that are refused, ``lies`` what stands in the place of
    the fix; all are sent back with what is said of them.
    """
    turns = [calls(edit(attempt)) for attempt in attempts] + bug.mend([lie for lie, _ in lies])
    rules = [*bug.prove([text for text, _ in proofs]), *later(*turns), *judges]
    story: Story = await tell(rules, source=bug.lay(folder), **settings)
    number = await story.file(bug.title, bug.body)
    await story.until_status(number, "Done.")
    paths = [attempt.partition("\n")[0] for attempt in attempts]
    assert [action.removeprefix("edit ") for action, _ in refusals(story)] == paths
    for _, said in (*proofs, *lies):
        assert said in results(story), said
    (pull,) = await story.pulls()
    assert not pull["draft"]
    for text in ("passes, 3 of 3", *shown):
        assert text in pull["body"]
    head = pull["head"]["ref"]
    assert set(git(story, "diff", "--name-only", f"main...{head}").splitlines()) == {bug.product, bug.proof}
    fixed = {bug.product: bug.files[bug.product].replace(*bug.fix), bug.proof: bug.proof_text}
    for path, text in fixed.items():
        assert git(story, "show", f"{head}:{path}") == text.strip()
    return story


def suggested(story: Story) -> str:
    """What the model was told of where a new test goes."""
    return next(each for each in story.script.requests if "First task" in each.text).text
