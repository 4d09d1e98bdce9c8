"""Documentation is made true: asked for in every way, on branches and forks, with tests and without."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.e2e.answers import calls, change, edit, finish, new_file
from tests.e2e.conftest import SAMPLE, Tell
from tests.e2e.docs_answers import EXAMPLE, FOUND, MENDED, NO_REVIEWS, PAGE, TEXT, TRUE, mends
from tests.e2e.revisions import REVISE, met
from tests.e2e.scenes import POLICY, git, put
from tests.e2e.test_results import five_parts
from tests.support.api import asker
from tests.support.pulls import propose
from tests.support.story import Story
from tests.support.typing import comment

BASKET = "basket/basket.py"
LAST = "Prices are whole numbers of euros.\n"


async def told_of(story: Story, text: str = TEXT) -> Story:
    """The sample with a page of documentation."""
    await put(story, POLICY, NO_REVIEWS)
    await put(story, PAGE, text)
    return story


async def test_a_page_is_made_true_by_command(tell: Tell) -> None:
    example = change(PAGE, LAST, f'```python\nassert total(["2"]) == 200\n```\n\n{LAST}')
    story = await told_of(await tell(mends(MENDED, example)))
    number = await story.file("Docs are old", "Please look.", label=None)
    await comment(story, number, f"/docs {PAGE}")
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert pull["title"] == f"Docs: {PAGE}"
    assert "faults of the documentation | 1 fault listed by code | none is left, none is new" in pull["body"]
    assert "| examples |  | 1 example ran and passed |" in pull["body"]
    assert f"`{PAGE}:3`: {FOUND}" in pull["body"]
    assert TRUE in git(story, "show", f"{pull['head']['ref']}:{PAGE}") + "\n"
    asked = next(each for each in story.script.requests if "You write documentation" in each.system)
    assert FOUND in asked.text


async def test_a_label_asks_for_what_the_issue_says(tell: Tell) -> None:
    page = "docs/prices.md"
    example = "```python\nfrom basket.prices import parse_price\n\nparse_price('3')\n```\n"
    story = await told_of(await tell(mends(new_file(page, f"# Prices\n\nSee [usage](usage.md).\n\n{example}"))))
    number = await story.file("Tell how prices are read", "A page on `parse_price`, please.", label="ai-docs")
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert pull["title"] == "Docs: Tell how prices are read"
    assert "| examples |  | 1 example ran and passed |" in pull["body"]


async def test_the_api_asks_and_a_docstring_is_added(tell: Tell) -> None:
    source = modules(SAMPLE)
    story = await tell(mends(change(BASKET, "def count(texts):\n", 'def count(texts):\n    """Count the prices."""\n')))
    await told_of(story)
    await put(story, BASKET, f"{source[BASKET]}\n\ndef count(texts):\n    return len(texts)\n")
    number = await story.file("Docs", "Docs.", label=None)
    answer = await asker(story, story.maintainer).start("docs", number, target=BASKET)
    assert answer.status == 202, answer.text
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert "function `basket.basket.count` has no docstring" in pull["body"]
    assert "1 module changed, each with the same syntax tree but for docstrings" in pull["body"]
    result = (await asker(story, story.maintainer).get(f"/api/v1/tasks/{answer.data['id']}/result")).data
    assert "Faults of the documentation: none is left" in five_parts(result)["documentation"]


async def test_a_pull_request_has_the_passages_mended_that_it_made_stale(tell: Tell) -> None:
    story = await told_of(await tell(mends(MENDED.replace("sum_up", "add_up"))), TEXT.replace("sum_up", "add_up"))
    source = modules(SAMPLE)[BASKET]
    await put(story, BASKET, source + '\n\ndef add_up(texts):\n    """Add up."""\n    return total(texts)\n')
    number = await propose(story, {BASKET: source}, title="Drop add_up")
    await comment(story, number, "/docs")
    await story.until_status(number, "Done.")
    (final,) = (await story.comments(number))["final"]
    assert final.startswith("I pushed ")
    assert "`basket.basket.add_up` does not resolve any more" in final
    assert TRUE in git(story, "show", f"topic:{PAGE}") + "\n"


async def test_a_pull_request_that_made_nothing_stale_is_left_alone(tell: Tell) -> None:
    story = await told_of(await tell([]))
    table = '"""Cents."""\n\nTABLE = [\n' + "    1234567890,\n" * 6_000 + "]\n"
    number = await propose(story, {"basket/cents.py": table}, title="A diff that is too long for a prompt")
    await comment(story, number, "/docs")
    await story.until_status(number, "Stopped without verified documentation.")
    (final,) = (await story.comments(number))["final"]
    assert "Nothing false or missing was found by code in what this pull request changes" in final


async def from_fork(story: Story) -> int:
    """Somebody's pull request from a fork; its number."""
    stranger = story.hub.create_user("sam")
    fork = story.hub.fork(story.repository, "sam")
    files = {BASKET: f"{modules(SAMPLE)[BASKET]}\n\nSIZE = 1\n"}
    return await propose(story, files, branch="size", title="Size", by=stranger, fork=fork)


async def test_prose_of_a_fork_is_suggested(tell: Tell) -> None:
    story = await told_of(await tell(mends(MENDED)))
    number = await from_fork(story)
    await comment(story, number, f"/docs {PAGE}")
    await story.until_status(number, "Done.")
    (final,) = (await story.comments(number))["final"]
    assert "the whole change as a patch" in final
    assert "Code of a fork is not run here" in final


async def test_examples_of_a_fork_are_left_as_they_are(tell: Tell) -> None:
    other = change(PAGE, EXAMPLE, EXAMPLE.replace("4", "5").replace("700", "800"))
    story = await told_of(await tell(mends(other, MENDED)))
    number = await from_fork(story)
    await comment(story, number, f"/docs {PAGE}")
    await story.until_status(number, "Stopped without verified documentation.")
    (final,) = (await story.comments(number))["final"]
    assert "An example is changed, and code of a fork is not run here" in final


async def test_a_repository_without_tests_is_documented_too(tell: Tell, tmp_path: Path) -> None:
    source = tmp_path / "untested"
    shutil.copytree(SAMPLE, source)
    shutil.rmtree(source / "tests")
    story = await told_of(await tell(mends(MENDED), source=source))
    number = await story.file("Docs are old", "Please look.", label=None)
    await comment(story, number, f"/docs {PAGE}")
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert "none is left, none is new" in pull["body"]
    assert "regressions" not in pull["body"]


async def test_the_result_is_revised(tell: Tell) -> None:
    story = await told_of(await tell(mends(MENDED)))
    number = await story.file("Docs are old", "Please look.", label=None)
    await comment(story, number, f"/docs {PAGE}")
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    shorter = calls(edit(change(PAGE, TRUE, "Call `basket.basket.total` with prices.\n")))
    story.script.extend(
        [
            {"match": {"system": REVISE}, "reply": shorter},
            {"match": {"system": REVISE}, "reply": calls(finish("", "It is shorter."))},
            met(True),
        ]
    )
    await comment(story, pull["number"], "/revise Shorter, please.")
    await story.until_status(pull["number"], "Done.")
    assert "Call `basket.basket.total` with prices." in git(story, "show", f"{pull['head']['ref']}:{PAGE}")


def modules(folder: Path) -> dict[str, str]:
    """The texts of a folder's Python files, by path."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.py")}
