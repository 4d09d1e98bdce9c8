"""/changelog: an entry in the repository's own style, from the diff, where it was asked for."""

from __future__ import annotations

from tests.e2e.conftest import Tell
from tests.e2e.scenes import POLICY, put
from tests.support.pulls import propose
from tests.support.typing import comment, final

ENTRY = "- Prices keep their cents (#1)."


async def test_the_entry_is_drafted_in_the_style_of_the_changelog(tell: Tell) -> None:
    story = await tell([])
    await put(story, POLICY, "review: { on: [] }\n")
    await put(story, "CHANGELOG.md", "# Changes\n\n## 1.0\n\n- Baskets have totals (#7).\n")
    seen = ["Baskets have totals", "1 +CENTS = 100", "A hundred cents"]
    story.script.on({"text": ENTRY}, text=seen)
    number = await propose(story, {"basket/cents.py": "CENTS = 100\n"}, title="A hundred cents")
    written = await comment(story, number, "/changelog")
    text = await final(story, written)
    assert text.startswith("Changelog entry for `CHANGELOG.md`:")
    assert f"```markdown\n{ENTRY}\n```" in text
