"""What the nearest tests say of a change: run without it and with it, told to every verifier and to people."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copytree

from aiohttp import web

from simhub.workflows import Job
from tests.e2e.answers import Rule, calls
from tests.e2e.conftest import Tell
from tests.e2e.reading import BUGGY, PRICES, PROVED, QUIET, QUOTE, finding, reports
from tests.e2e.scenes import SAMPLE, during
from tests.support.pulls import propose, pull, remarks, reviewed

BASKET = "basket/basket.py"
TESTS = "tests/test_basket.py"
BROKEN = f"{TESTS}::BasketTest::test_whole_prices"
WRONG = BUGGY.replace("int(whole) * 100", "int(whole) * 10")
BREAK = "2 of the nearest tests pass without the change and fail with it"


async def test_a_test_that_the_change_breaks_is_told_to_verifiers_and_people(tell: Tell) -> None:
    wrong = QUOTE.replace("* 100", "* 10")
    other = finding(title="Euros are lost", quote=wrong, claim="Three euros are thirty cents.", suggestion=None)
    proof = {"holds": True, "path": PRICES, "quote": wrong.strip(), "failing_input": "3", "reason": "Ten."}
    told: Rule = {
        "match": {"tool": "verdict", "text": f"passed, fails now: {BROKEN}"},
        "reply": calls(("verdict", proof)),
    }
    read = reports(other, files={PRICES: "Cents are read.", BASKET: "It says what of."})

    async def fail_a_job() -> None:
        head = (await pull(story, 1))["head"]["sha"]
        ci = await story.hub.start_workflow(story.repository, head, "topic")
        await story.hub.finish_workflow(ci, [Job("types", "failure"), Job("style")])

    story = await tell([during(read, fail_a_job), QUIET, told])
    text = (SAMPLE / BASKET).read_text().replace('"""Adding up."""', '"""Adding up prices."""')
    number = await propose(story, {PRICES: WRONG, BASKET: text})
    run = await reviewed(story, number)
    assert len(await remarks(story, number)) == 1
    (asked,) = [each for each in story.script.requests if "verdict" in each.tools]
    assert "AssertionError: 30 != 300" in asked.text, "the verifier reads what the test says"
    others = asked.text.partition("What the change does in other files:")[2]
    assert f"=== {BASKET} (modified)" in others
    assert '"""Adding up prices."""' in others
    failing = asked.text.partition("Checks of the repository that fail on this head:")[2]
    assert "types (failure)" in failing
    assert "style (" not in failing
    assert "1 pass without the change and with it, 2 pass without the change and fail with it" in asked.text
    (summary,) = (await story.comments(number))["status"]
    assert f"{BREAK}: `{BROKEN.replace('whole_prices', 'total')}`, `{BROKEN}`." in summary
    assert run["output"]["title"] == "1 bug, 2 broken tests"
    assert "2 model calls" in summary, "tests cost no model call"


async def test_broken_tests_are_told_where_nobody_found_anything(tell: Tell) -> None:
    story = await tell([QUIET])
    number = await propose(story, {PRICES: WRONG})
    run = await reviewed(story, number)
    assert (run["conclusion"], run["output"]["title"]) == ("neutral", "2 broken tests")
    assert f"found nothing else wrong. {BREAK}" in await story.status(number)


async def test_what_the_change_did_not_break_is_not_said_to_be(tell: Tell, tmp_path: Path) -> None:
    """A test that fails without the change as well, a new one, and one that passes when it is run again."""
    source = copytree(SAMPLE, tmp_path / "source")
    red = "    def test_red(self):\n        self.assertEqual(parse_price('1'), 1)\n\n"
    order = "    def test_order(self):\n        self.assertEqual(SEEN, [])\n\n"
    test = (source / TESTS).read_text().replace("class Basket", "SEEN = []\n\n\nclass Basket")
    test = test.replace("    def test_total", f"{red}{order}    def test_total")
    (source / TESTS).write_text(test)
    story = await tell([reports(finding()), QUIET, PROVED], source=source)
    new = (
        "    def test_aaa(self):\n        SEEN.append(1)\n\n    def test_new(self):\n        self.assertEqual(1, 2)\n\n"
    )
    number = await propose(
        story, {PRICES: BUGGY, TESTS: test.replace("    def test_total", f"{new}    def test_total")}
    )
    run = await reviewed(story, number)
    assert run["output"]["title"] == "1 bug"
    counts = "3 pass without the change and with it, 1 pass and are new, 1 fail without the change and with it"
    assert f"{counts}, 1 are new and fail." in run["output"]["summary"]


async def test_tests_that_cannot_be_run_are_said_once_and_end_nothing(tell: Tell, tmp_path: Path) -> None:
    source = copytree(SAMPLE, tmp_path / "source")
    (source / ".github").mkdir(exist_ok=True)
    (source / ".github/forgehand.yml").write_text("checks:\n  setup: 'echo no compiler; exit 3'\n")
    story = await tell([reports(finding()), QUIET, PROVED], source=source)
    number = await propose(story, {PRICES: BUGGY})
    run = await reviewed(story, number)
    assert run["output"]["title"] == "1 bug"
    (asked,) = [each for each in story.script.requests if "verdict" in each.tools]
    assert "They could not be run: " in asked.text
    assert "no compiler" in asked.text
    assert run["output"]["summary"].count("The nearest tests did not run: ") == 1

    theirs = story.hub.fork(story.repository, "sam") if story.hub.create_user("sam") else None
    story.hub.set_permission(story.repository, "sam", "write")
    number = await propose(story, {PRICES: BUGGY}, by=story.hub.world.accounts["sam"], fork=theirs, title="Of a fork")
    summary = (await reviewed(story, number))["output"]["summary"]
    assert "The nearest tests did not run: code of forks is never run here." in summary


async def test_what_cannot_be_installed_is_tried_once_and_told(tell: Tell, tmp_path: Path) -> None:
    source = copytree(SAMPLE, tmp_path / "source")
    (source / "requirements.txt").write_text("not-to-be-had==1.0\n")
    second = finding(title="No cents at all", quote='    whole, _, cents = text.partition(".")', concern="security",
                     claim="Commas are not seen.", suggestion=None, line=6)  # fmt: skip
    tried: Rule = {
        "match": {"tool": "verdict", "turn": 0},
        "reply": calls(("run", {"command": "python -c 'import basket.prices'"})),
        "reusable": True,
    }
    async with an_index() as (url, asked):
        story = await tell([reports(finding(), second), QUIET, tried, PROVED], source=source, FORGEHAND_INDEX_URL=url)
        number = await propose(story, {PRICES: BUGGY})
        run = await reviewed(story, number)
    ran = [each for each in story.script.requests if "verdict" in each.tools and each.turn]
    assert len(ran) == 2
    assert all("With the change: exit code 0" in each.result for each in ran), "the package is there without it"
    assert asked["/simple/not-to-be-had/"] == 3, "as it stands, alone, in any version; not again for each verifier"
    summary = run["output"]["summary"]
    assert summary.count("failed, so not everything that the tests need is there") == 1
    assert "3 pass without the change and with it" in summary


@asynccontextmanager
async def an_index() -> AsyncIterator[tuple[str, Counter[str]]]:
    """A package index that has nothing; its URL, and how often each page was asked for."""
    asked: Counter[str] = Counter()

    async def nothing(request: web.Request) -> web.Response:
        asked[request.path] += 1
        return web.Response(status=404)

    app = web.Application()
    app.router.add_get("/{path:.*}", nothing)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/simple", asked
    finally:
        await runner.cleanup()
