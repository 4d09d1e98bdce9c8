"""What the stories of single capabilities leave out: other doors, and pages that code decides."""

from __future__ import annotations

from bot.change.records import Brief
from handlers.docs.survey import make_survey
from tests.documentation.snapshots import of
from tests.e2e.answers import calls, change, edit, new_file
from tests.e2e.conftest import SAMPLE, Tell
from tests.e2e.docs_answers import JUDGED, writes
from tests.e2e.scenes import git, place
from tests.e2e.test_docs import modules
from tests.support.terminal import at, typed
from tests.support.typing import comment


def written(page: str) -> tuple[str, str]:
    """A page with what code wants on it, and its path."""
    brief = Brief(nonce="n", title="t", body="b", base_branch="main", base_sha="1" * 40, asked=page)
    survey = make_survey(brief, of(modules(SAMPLE)), of(modules(SAMPLE)))
    fence, mark = ("```mermaid\n", "\n```") if page == "architecture" else ("- `", "`")
    return survey.page, f"# Pages\n\n{chr(10).join(f'{fence}{text}{mark}' for text in survey.required)}\n"


async def test_pages_that_code_decides_by_command_and_from_a_terminal(tell: Tell) -> None:
    story = await tell([])
    for page in ("architecture", "api"):
        here = place(story, f"page-{page}")
        path, text = written(page)
        bad = text.replace("basket.prices", "basket.gone").replace("parse_price", "parse_nothing")
        turns = (calls(edit(new_file(path, bad))), calls(edit(change(path, bad, text))))
        story.script.extend([*writes(*turns)[:3], JUDGED])
        number = await here.file("Docs", "Docs.", label=None)
        if page == "architecture":
            await comment(here, number, "/docs architecture")
        else:
            asked = ("run", "docs", "--repo", here.repository.full_name, "--issue", str(number), "--target", page)
            said = await typed(*asked, **at(here))
            assert said.code == 0, said.err
        await here.until_status(number, "Done.")
        (pull,) = await here.pulls()
        assert git(here, "show", f"{pull['head']['ref']}:{path}") + "\n" == text
