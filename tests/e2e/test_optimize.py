"""Something slow becomes a pull request with figures; or it is said that no gain can be shown."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from simhub.scripted_model import Script, ScriptedModel
from tests.e2e.answers import calls, change, edit, finish, later, new_file
from tests.e2e.conftest import Tell
from tests.e2e.revisions import NO_REVIEWS, finals, met, revises
from tests.e2e.scenes import POLICY
from tests.e2e.slow import (
    BENCH,
    BENCHED,
    BENCHMARK,
    BODY,
    FASTER,
    FILES,
    GOOD,
    JUDGED,
    LABEL,
    LOOP,
    PRODUCT,
    SLOW,
    TITLE,
    bench,
    lay,
    replace,
)
from tests.e2e.test_checkout import attempt, git, key
from tests.e2e.test_gates import refusals, results
from tests.e2e.test_results import finished, five_parts
from tests.support.api import asker
from tests.support.pulls import propose
from tests.support.story import Story
from tests.support.typing import comment
from tests.toolchains.conftest import write

pytestmark = pytest.mark.needs("sandbox")
NO_GAIN = "Stopped: no gain was shown."
DONE = calls(finish("A list is searched.", "A dictionary counts."))


async def changed(story: Story, number: int) -> list[str]:
    files = await story.request("GET", f"/pulls/{number}/files")
    return [file["filename"] for file in files]


async def unshown(story: Story, number: int) -> tuple[str, str]:
    """Wait for the honest end, status and final comment: nothing was published."""
    status = await story.until_status(number, NO_GAIN)
    (final,) = (await story.comments(number))["final"]
    assert await story.pulls() == []
    return status, final


@pytest.mark.needs("quiet machine")
async def test_a_label_becomes_a_pull_request_with_its_figures_and_is_revised(tell: Tell, tmp_path: Path) -> None:
    story = await tell(GOOD, source=lay(tmp_path))
    number = await story.file(TITLE, BODY, label=LABEL)
    status = await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert pull["title"] == "Speed up count"
    assert not pull["draft"]
    assert f"For #{number}." in pull["body"]
    for shown in (
        "| processor time |",
        "times as fast (95 %: ",
        "20 pairs |",
        "| results for inputs drawn after the edit |",
        "| peak memory |",
        "| no new cache |  | 0 added |",
        "of its time is spent in `words.py::count`",
    ):
        assert shown in pull["body"]
    assert BENCHMARK in pull["body"]
    assert await changed(story, pull["number"]) == [PRODUCT], "the benchmark is no part of the change"
    assert "against itself" in status
    assert "Benchmark: " in results(story)
    (final,) = (await story.comments(number))["final"]
    assert final.startswith(f"I opened #{pull['number']} with an optimisation. Processor time: ")
    reworded = change(PRODUCT, '"""Words of a text."""\n', '"""Words of a text, and how often they occur."""\n')
    story.script.extend(
        [*revises(calls(edit(reworded)), calls(finish("", "The module says what it does."))), met(True)]
    )
    await comment(story, pull["number"], "/revise Say in the module what it does.")
    (final,) = await finals(story, pull["number"], 1)
    assert final.startswith("I pushed ")
    assert "times as fast" not in (await story.pulls())[0]["body"], "nobody measured the new commit"


@pytest.mark.needs("quiet machine")
async def test_a_command_names_the_target_and_a_pull_request_gets_a_commit(tell: Tell, tmp_path: Path) -> None:
    elsewhere = bench(BENCHMARK.replace("words.py::count", "words.py::other"), BENCHMARK)
    files = {**FILES, PRODUCT: f"{SLOW}\n\ndef other(text):\n    return count(text)\n"}
    files[POLICY] = f"{FILES[POLICY]}{NO_REVIEWS}"
    edits = later(
        calls(edit(new_file(BENCH, "TARGET = 'mine'\n"))),
        calls(edit(change("tests/test_words.py", "class WordsTest(unittest.TestCase):\n", "class WordsTest:\n"))),
        replace(FASTER),
        DONE,
    )
    story = await tell([*elsewhere, *edits, JUDGED], source=lay(tmp_path, files))
    number = await propose(story, {"notes.txt": "Words.\n"}, branch="topic", title="Words")
    await comment(story, number, "/optimize words.count")
    (final,) = await finals(story, number, 1)
    assert final.startswith("I pushed ")
    assert "times as fast" in final
    assert await changed(story, number) == ["notes.txt", PRODUCT]
    assert "Asked for was `words.count`, and TARGET is words.py::other." in results(story)
    assert [action for action, _ in refusals(story)] == [f"edit {BENCH}", "edit tests/test_words.py"]


@pytest.mark.needs("quiet machine")
async def test_no_cheat_of_an_edit_is_published(tell: Tell, tmp_path: Path) -> None:
    """Each is sent back for what it is; after the fourth nothing is left but the figures."""
    memo = SLOW.replace("def count", "from functools import lru_cache\n\n\n@lru_cache(None)\ndef count")
    looks = SLOW.replace(LOOP, f'    import sys\n\n    if "unittest" not in sys.modules:\n        return []\n{LOOP}')
    wrong = SLOW.replace(LOOP, FASTER.replace("    return", '    numbers.pop("7", None)\n    return'))
    noise = SLOW.replace("words, numbers", "seen, numbers").replace("words", "seen")
    wrong += "\nTABLE = tuple(range(1_000_000))\n"
    texts = [SLOW, memo, looks, wrong, noise]
    edits = [turn for old, new in pairwise(texts) for turn in (calls(edit(change(PRODUCT, old, new))), DONE)]
    story = await tell([*BENCHED, *later(*edits), JUDGED], source=lay(tmp_path))
    number = await story.file(TITLE, BODY, label=LABEL)
    _, final = await unshown(story, number)
    seen = results(story)
    assert "words.py: `lru_cache`" in seen
    assert "words.py: `sys.modules`" in seen
    assert "inputs differ: a value with the digest" in seen
    assert "Importing takes more than 10 % longer: the work has only moved." in seen
    assert "It takes more than 10 % more memory." in seen
    assert "no difference shown" in final
    assert "A gain counts where its whole interval lies above 1.01." in final
    assert "of its time is spent in `words.py::count`" in final, "the figures say what was measured"


async def test_no_benchmark_of_something_else_is_used(tell: Tell, tmp_path: Path) -> None:
    nothing = BENCHMARK.replace("return count(value)", "return [len(value) for _ in range(2_000)]")
    cached = BENCHMARK.replace("return count(value)", "return [count(value) for _ in range(9)]")
    spy = BENCHMARK.replace("from words", "import sys\n\nfrom words")
    story = await tell(bench(nothing, cached, spy), source=lay(tmp_path))
    number = await story.file(TITLE, BODY, label=LABEL)
    _, final = await unshown(story, number)
    seen = results(story)
    assert "words.py::count was called 0 times" in seen
    assert "repeat arguments of an earlier call" in seen
    assert "There is no benchmark that can be used." in final
    assert "it may not import `sys`" in final


async def test_where_nothing_can_be_shown_no_model_is_asked(tell: Tell, tmp_path: Path) -> None:
    story = await tell([], source=lay(tmp_path, {PRODUCT: SLOW}))
    number = await story.file(TITLE, BODY, label=LABEL)
    _, final = await unshown(story, number)
    assert "No test of this repository passes here" in final
    program = asker(story, story.maintainer)
    result = await finished(program, await program.start("optimize", None, target="words.count", deliver="result"))
    assert (result["state"], result["pull_request"]) == ("unverified", None)
    assert "No test of this repository passes here" in result["report"]
    assert five_parts(result)
    stranger = story.hub.create_user("sam")
    fork = story.hub.fork(story.repository, "sam")
    files = {PRODUCT: f"{SLOW}\n"}
    theirs = await propose(story, files, branch="topic", title="Words", by=stranger, fork=fork)
    await comment(story, theirs, "/optimize words.count")
    assert "Its code is not run here" in await story.until_status(theirs, "Stopped.")
    assert story.script.requests == []


@pytest.mark.needs("quiet machine")
async def test_a_checkout_gets_a_patch_with_its_figures(tmp_path: Path) -> None:
    checkout = write(tmp_path / "words", FILES)
    git(checkout, "init", "-q", "-b", "main")
    git(checkout, "add", ".")
    git(checkout, "commit", "-q", "-m", "Start")
    async with ScriptedModel(Script.load(GOOD)) as model:
        code, output, errors = await attempt(
            tmp_path, "run", "optimize", "--repo", checkout, "--target", "words.count", **key(model)
        )
    assert code == 0, errors
    assert "+        numbers[word] = numbers.get(word, 0) + 1" in output
    assert "| processor time |" in output + errors
    told = ("Implementation", "Tests", "Documentation", "Performance", "Security")
    assert all(f"- **{name}.** " in errors for name in told)
    assert git(checkout, "status", "--porcelain") == "", "nothing but words came of it"
