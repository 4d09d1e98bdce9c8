"""What the stories of single capabilities leave out: other doors, other repositories, and pages that code decides."""

from __future__ import annotations

from bot.change.records import Brief
from handlers.docs.survey import make_survey
from tests.documentation.snapshots import of
from tests.e2e.answers import calls, change, edit, new_file
from tests.e2e.conftest import SAMPLE, Tell
from tests.e2e.docs_answers import JUDGED, writes
from tests.e2e.features import BODY, DRAFTED, DURATIONS, REVIEWED, TITLE, planned, specified
from tests.e2e.scenes import git, place
from tests.e2e.test_docs import modules
from tests.e2e.test_gates import results
from tests.e2e.test_results import finished, five_parts, untold
from tests.support.api import asker
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
        assert f"{path} lacks, as it is:\n" in results(story), "what code decides is not left to the model"
        assert git(here, "show", f"{pull['head']['ref']}:{path}") + "\n" == text


async def test_a_plan_by_label_and_by_call(tell: Tell) -> None:
    risky = [specified(), planned(risks=["Weeks are hard"]), REVIEWED]
    story = await tell([*DRAFTED, *risky], source=DURATIONS)
    number = await story.file(TITLE, BODY, label="ai-plan")
    await story.until_status(number, "Done. Planned: 2 steps, 3 files.")
    here = place(story, "called", DURATIONS)
    number = await here.file(TITLE, BODY, label=None)
    program = asker(here, here.maintainer)
    result = await finished(program, await program.start("plan", number, deliver="result"))
    assert (result["state"], result["form"]) == ("done", "document")
    for told in ("Write durations", "A branch for weeks", "Small.", "Two weeks; 5400 seconds.", "Weeks are hard"):
        assert told in result["report"]
    parts = five_parts(result)
    assert parts["implementation"].endswith("A second model call (thinker) has 0 objections.")
    assert parts["tests"] == "A plan holds no code, so no test was run."
    assert parts["documentation"] == "It names 1 document to change: CHANGELOG.md."
    assert parts["performance"] == "A plan holds no code, so nothing was timed."
    assert parts["security"] == "Protected paths: no step touches one."
    assert untold(here, number)
