"""Two trees in the real sandbox, and code that would rather look fast than be it."""

from __future__ import annotations

import pytest

from bot.benchmarking.comparison import compare
from bot.benchmarking.records import BenchmarkError
from bot.benchmarking.sampling import draw_seeds, take_sample
from bot.benchmarking.vetting import calibrate, check_null, check_profile
from tests.benchmarking.conftest import BENCHMARK, FAST, SLOW, Side, benchmark

# enough to tell 18 times from none
FEW = 7
COUNT = 8


async def test_a_faster_tree_is_told_from_its_base(side: Side) -> None:
    base = side()
    enough = await calibrate(base, benchmark())
    assert enough.count > 1
    seen = await check_profile(base, enough)
    assert seen.share > 0.9
    found = await compare(base, side(FAST), enough, FEW)
    assert found.verdict == "faster"
    assert found.inputs == FEW * enough.count
    assert not found.unequal
    assert not found.memory_grew


async def test_a_tree_shows_no_difference_to_itself(side: Side) -> None:
    found = await compare(side(), side(), benchmark(count=COUNT), FEW)
    assert not found.unequal
    # how far noise goes with so few pairs is for the bench to say
    assert found.work.low < 1.1
    assert found.work.high > 0.9


async def test_seeds_decide_the_inputs(side: Side) -> None:
    base = side()
    seeds = draw_seeds()
    first, again, other = [await take_sample(base, benchmark(count=2), one) for one in (seeds, seeds, draw_seeds())]
    assert first.inputs == again.inputs
    assert first.results == again.results
    assert first.inputs != other.inputs


async def test_a_result_that_differs_now_and_then_is_seen(side: Side) -> None:
    wrong = FAST.replace("return sorted", "if '7 7' in text: return []\n    return sorted")
    found = await compare(side(), side(wrong), benchmark(count=COUNT), FEW)
    assert found.unequal
    assert found.verdict == "faster"


@pytest.mark.parametrize(
    "cheat",
    [
        # a process of its own, waited for, or only heard of and left to whoever buries it; a thread
        "import os\npid = os.fork()\nif pid == 0:\n    burn()\n    os._exit(0)\nos.waitpid(pid, 0)",
        "import os\nread, tell = os.pipe()\nif os.fork() == 0:\n    burn()\n    os.write(tell, b'.')\n    os._exit(0)\n"
        "os.read(read, 1)",
        "import threading\nthread = threading.Thread(target=burn)\nthread.start()\nthread.join()",
    ],
    ids=["waited-for", "orphan", "thread"],
)
async def test_work_done_elsewhere_counts(side: Side, cheat: str) -> None:
    burn = "def burn():\n    for _ in range(3_000_000): pass\n"
    lines = cheat.replace("\n", "\n    ")
    slower = burn + FAST.replace("    return", f"    {lines}\n    return")
    seeds = draw_seeds()
    one = benchmark(words=FAST)
    assert (await take_sample(side(slower), one, seeds)).work > 3 * (await take_sample(side(FAST), one, seeds)).work


async def test_work_moved_before_the_clock_is_seen(side: Side) -> None:
    early = FAST + "\nTABLE = tuple(range(4_000_000))\n"
    found = await compare(side(), side(early), benchmark(count=COUNT), FEW)
    assert found.preparation_grew


async def test_sleeping_is_no_work(side: Side) -> None:
    asleep = SLOW.replace("    words,", "    import time; time.sleep(0.05)\n    words,")
    found = await compare(side(asleep), side(), benchmark(count=COUNT), FEW)
    # a wall clock would say 13; waking up costs a little
    assert found.work.median < 2


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (FAST.replace("sorted(Counter(text.split()).items())", "Lazy(text)\nclass Lazy(list): pass"), "plain values"),
        (FAST.replace("sorted(", "(pair for pair in "), "plain values"),
        (FAST.replace("    return", "    import os; os._exit(0)\n    return"), "ended early"),
        (FAST + "\nraise RuntimeError('not today')\n", "RuntimeError: not today"),
        (FAST.replace("    return", "    while True: pass\n    return"), "used up its processor time"),
    ],
    ids=["lazy", "generator", "exit", "import", "endless"],
)
async def test_what_gives_no_result_gives_no_figure(
    side: Side, words: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.benchmarking.sampling._CPU_SECONDS", 2)
    with pytest.raises(BenchmarkError, match=why):
        await take_sample(side(words), benchmark(words=words), draw_seeds())


async def test_figures_cannot_be_made_up(side: Side) -> None:
    """What the code prints, or writes where results are, is no sample."""
    forger = (
        "import json, os, sys\n"
        'line = json.dumps({"event": "sample", "work": 1e-9, "preparation": 1e-9, "memory_mb": 1, "inputs": "",\n'
        '                   "distinct": 1, "results": []})\n'
        "print(line, flush=True)\n"
        "folder = os.environ['FORGEHAND_RESULTS']\n"
        "assert not os.path.exists(folder + '/key') and not os.path.exists(folder + '/plan.json')\n"
        "def refused(place):\n"
        "    try: return not open(place, 'rb')\n"
        "    except OSError: return True\n"
        "assert refused(f'/proc/{os.getppid()}/environ') and refused(f'/proc/{os.getppid()}/mem')\n"
        "open(folder + '/results.jsonl', 'a').write('00 ' + line + '\\n')\n"
    )
    taken = await take_sample(side(FAST + forger), benchmark(words=FAST), draw_seeds())
    assert taken.work > 1e-6
    assert len(taken.results) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BENCHMARK.replace("return count(value)", "return len(value)"), "was called 0 times"),
        (BENCHMARK.replace("return count(value)", "return sum(range(2_000_000)), count(value)"), "Only .* of the work"),
        (BENCHMARK.replace("return count(value)", "return [count(value) for _ in range(3)]"), "repeat arguments"),
    ],
    ids=["nothing", "itself", "repeats"],
)
async def test_a_benchmark_of_something_else_is_refused(side: Side, text: str, why: str) -> None:
    base = side(SLOW, text)
    with pytest.raises(BenchmarkError, match=why):
        await check_profile(base, benchmark(text, count=4))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BENCHMARK.replace("return count(value)", "return 1"), "Draw larger inputs"),
        (BENCHMARK.replace("source.randrange(300)", "300"), "same input is drawn again"),
        (BENCHMARK.replace("return count(value)", "return count(None)"), "An input fails on the unchanged code"),
    ],
    ids=["too-little", "one-input", "failing"],
)
async def test_a_benchmark_that_cannot_tell_a_gain_is_refused(
    side: Side, text: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.benchmarking.vetting._MOST_INPUTS", 64)
    with pytest.raises(BenchmarkError, match=why):
        await calibrate(side(SLOW, text), benchmark(text))


async def test_a_result_that_changes_by_itself_is_refused(side: Side) -> None:
    text = BENCHMARK.replace("return count(value)", "return count(value), repr(object())")
    base, same = side(SLOW, text), side(SLOW, text)
    with pytest.raises(BenchmarkError, match="different results for the same input"):
        await check_null(base, same, benchmark(text, count=2))
