"""Replay recorded runs of several models on the same issues under each strategy; measure what a fix reads from caches.

``python -m bench.routing [--traces FILE] [--case DIR ...]``. Which model is asked first, and which one after a try that
did not pass, is decided by the product's own code (``bot.models.selection``, ``bot.models.catalogue``). What the model
did then, and what that cost, is recorded: ``bench/routing_traces.yml`` says whose runs these are. With ``--traces`` the
runs are read issue by issue from the file that it names. A model's run is there once: where a strategy would ask the
same model again, the replay ends without a fix.

A gate that passes every right fix and no wrong one is the recorded verdict itself; ``leaky`` tells what becomes of the
figures where gates let wrong fixes of any model through. Such fixes count as published, and not as solved.

The cache's part is real: the sample's fix (or those of ``--case``, as for ``bench.fix``) runs through this build twice,
each request is counted by the providers' rules (``simhub.prompt_cache``), and ``cache_hit`` is the part of the input of
second and later turns of the conversation that writes test and fix which comes from the cache.

The last line is one JSON object: ``cost_ratio`` and ``pass_ratio`` are those of ``escalate`` to asking the strongest
model alone, for the strongest of the recorded models and the cheapest; ``lists`` has the same for other lists.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bench.builds import Recorder
from bench.fix import Case, kept, replay, sample
from bot.models import selection
from bot.models.catalogue import Catalogue
from bot.settings import ModelSettings, Settings, Strategy
from simhub.prompt_cache import PromptCache

_HERE = Path(__file__).parents[1]
_TRACES = Path(__file__).with_name("routing_traces.yml")
_ROUNDS = 4  # of an edit, as bot.change.pipeline has it
_LEAKS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
# strongest first; the first of these lists gives the figures of the last line
_LISTS = (
    ("claude-sonnet-4-5", "gpt-5-mini"),
    ("gpt-5", "gpt-5-mini"),
    ("claude-sonnet-4-5", "gpt-5"),
    ("claude-sonnet-4-5", "claude-sonnet-4"),
    ("claude-sonnet-4-5", "gpt-5", "gpt-5-mini"),
)


@dataclass(frozen=True)
class Trace:
    """What the models did on some issues that the same of them solved: who they are, and what each one's runs cost."""

    issues: int
    solved_by: frozenset[str]
    dollars: dict[str, float]


class Result(NamedTuple):
    """Expected sums over all issues."""

    dollars: float
    solved: float


class Recording:
    """The recorded runs, and a catalogue that knows their models' prices."""

    def __init__(self, traces: Sequence[Trace], models: dict[str, dict[str, Any]]) -> None:
        self.traces = traces
        settings = Settings.model_construct(models={name: _priced(row) for name, row in models.items()})
        self._catalogue = Catalogue(settings)

    @classmethod
    def load(cls, raw: Path | None) -> Recording:
        """Read the sums that are kept here, or the issues of the file they were made from."""
        table = yaml.safe_load(_TRACES.read_text())
        models: dict[str, dict[str, Any]] = table["models"]
        if raw is None:
            groups = table["groups"]
            traces = [Trace(row["issues"], frozenset(row["solved_by"]), row["dollars"]) for row in groups]
            return cls(traces, models)
        runs = json.loads(raw.read_text())
        by_name = {name: runs[row["recorded"]] for name, row in models.items()}
        issues = set.intersection(*(set(one) for one in by_name.values()))
        traces = [
            Trace(
                1,
                frozenset(name for name, one in by_name.items() if one[issue]["resolved"]),
                {name: one[issue]["cost"] for name, one in by_name.items()},
            )
            for issue in sorted(issues)
        ]
        return cls(traces, models)

    def play(self, names: Sequence[str], strategy: Strategy, leak: float = 0.0) -> Result:
        """Ask on every issue whom the strategy names, until a try passes the gates."""
        results = [self._play_one(trace, names, strategy, leak) for trace in self.traces]
        return Result(sum(one.dollars for one in results), sum(one.solved for one in results))

    def _play_one(self, trace: Trace, names: Sequence[str], strategy: Strategy, leak: float) -> Result:
        dollars = solved = 0.0
        still_open = 1.0  # the part of the issues that no try has passed for yet
        asked: list[str] = []
        for failed in range(_ROUNDS):
            name = selection.order(names, strategy, failed, self._price)[0]
            if name in asked:
                break
            asked.append(name)
            dollars += still_open * trace.dollars[name]
            passes = 1.0 if name in trace.solved_by else leak
            solved += still_open * trace.issues * (name in trace.solved_by)
            still_open *= 1.0 - passes
        return Result(dollars, solved)

    def _price(self, name: str) -> float:
        return self._catalogue.spec(name).cost(selection.TYPICAL)


def _priced(row: dict[str, Any]) -> ModelSettings:
    return ModelSettings(**{key: value for key, value in row.items() if key != "recorded"})


def compare(recording: Recording, names: Sequence[str]) -> dict[str, Any]:
    """Relate ``escalate`` and ``cheapest`` to asking the first of ``names`` alone."""
    strongest = recording.play(names, "strongest")
    figures: dict[str, Any] = {
        "list": names,
        "strongest": {"dollars": round(strongest.dollars, 2), "solved": strongest.solved},
    }
    strategies: tuple[Strategy, ...] = ("escalate", "cheapest")
    for strategy in strategies:
        played = [recording.play(names, strategy, leak) for leak in _LEAKS]
        ratios = [
            (round(one.dollars / strongest.dollars, 3), round(one.solved / strongest.solved, 3)) for one in played
        ]
        figures[strategy] = {
            "cost_ratio": ratios[0][0],
            "pass_ratio": ratios[0][1],
            "leaky": {str(leak): ratio for leak, ratio in zip(_LEAKS, ratios, strict=True) if leak},
            "most_leak_at_equal_pass": _find_leak(recording, names, strategy, strongest),
        }
    return figures


def _find_leak(recording: Recording, names: Sequence[str], strategy: Strategy, strongest: Result) -> float:
    """Return the largest part of wrong fixes, in percents, that gates may let through at no loss of solved issues."""
    percents = [
        percent
        for percent in range(101)
        if recording.play(names, strategy, percent / 100).solved >= strongest.solved - 1e-9
    ]
    return max(percents, default=0) / 100


async def measure_cache(case: Case) -> dict[str, Any]:
    """Fix the case with this build, and count what its later turns read from the cache."""
    script = Recorder()
    await replay(_HERE, case, script)
    cache = PromptCache()
    counts = [(asked, cache.count(asked)) for asked, _ in script.answered]
    later = [count for asked, count in counts if "edit" in asked.tools and asked.turn]
    single = [count for asked, count in counts if not asked.tools]
    tokens, cached = sum(one.input for one in later), sum(one.cached for one in later)
    return {
        "case": case.name,
        "turns": len(later),
        "input_tokens": tokens,
        "cached_tokens": cached,
        "cache_hit": round(cached / tokens, 3),
        "single_questions": len(single),
        "written_by_single_questions": sum(one.cache_write for one in single),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=Path, help="info_for_leaderboard.json, in place of the sums kept here")
    parser.add_argument("--case", type=Path, action="append", help="another recorded fix than the sample's; repeatable")
    options = parser.parse_args()
    recording = Recording.load(options.traces)
    lists = [compare(recording, names) for names in _LISTS]
    for figures in lists:
        print(json.dumps(figures), flush=True)
    cases = [kept(folder.resolve()) for folder in options.case or ()] or [sample(_HERE)]
    caches = [asyncio.run(measure_cache(case)) for case in cases]
    tokens = sum(one["input_tokens"] for one in caches)
    result = {
        "bench": "routing",
        "cost_ratio": lists[0]["escalate"]["cost_ratio"],
        "pass_ratio": lists[0]["escalate"]["pass_ratio"],
        "cache_hit": round(sum(one["cached_tokens"] for one in caches) / tokens, 3),
        "issues": sum(trace.issues for trace in recording.traces),
        "lists": lists,
        "cases": caches,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
