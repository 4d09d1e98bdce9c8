"""Rank files and functions: signals weighted, summed, told as reasons."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

from bot.context import signals
from bot.context.bm25 import Documents, Hits
from bot.context.history import History
from bot.context.imports import Modules
from bot.context.outline import Definition
from bot.context.postings import Postings
from bot.context.query import Frame, Query
from bot.context.record import NAMES, Record
from bot.context.signals import Strengths
from bot.context.tree import TreeFile

# Signals in ABSOLUTE are strengths of their own; the others are divided by the strongest file's, so that a weight is
# what the best file gets. Found by a softmax regression on 94 real issues of twelve repositories, each repository's
# issues predicted from the others', then rounded; `modules` and `defined`, which gained nothing there beside the words,
# were kept low for issues that are short and exact.
WEIGHTS: Mapping[str, float] = {
    "text": 0.4, "title": 0.35, "part": 0.4, "title part": 0.4, "names": 0.2, "path": 0.2, "history": 0.25,
    "touched": 0.1, "tests": 0.15, "written": 0.4, "traced": 0.3, "said": 0.2, "modules": 0.1, "defined": 0.1,
}  # fmt: skip
ABSOLUTE = frozenset(("written", "traced", "modules"))
# A bug's cause is in code more often than elsewhere.
ROLES: Mapping[str, float] = {"code": 1.0, "text": 0.6, "example": 0.6, "docs": 0.5, "test": 0.4}

_CLOSELY = 100  # files whose parts are looked at
_TESTS = 40  # matching tests whose imports are looked at
_BEST_PARTS = 3  # parts of a file that count
_FUNCTION_FILES = 30  # files whose functions are ranked
_FUNCTIONS_OF_A_FILE = 3
_PART_WORDS = 120.0  # words of an average function, for BM25's length norm
_REASONS = 4  # told of a file
_WORTH_TELLING = 0.04  # the least share of a score that is told as a reason


@dataclass(frozen=True)
class RankedFile:
    """A file's place in a ranking."""

    path: str
    score: float  # compares within one ranking only
    reasons: tuple[str, ...]  # in plain words, strongest first
    functions: tuple[RankedFunction, ...] = ()  # the likeliest ones, best first, at most three


@dataclass(frozen=True)
class RankedFunction:
    """A function's place. Lines count from 1, both included."""

    path: str
    name: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Corpus:
    """The data that a ranking works on."""

    files: Mapping[str, TreeFile]
    by_number: Mapping[int, Sequence[str]]
    postings: Postings
    modules: Modules
    history: History
    record: Callable[[str], Record]


@dataclass(frozen=True)
class _Signal:
    """The strength of a signal by file; ``factor`` is weight over scale."""

    strengths: Strengths
    factor: float

    @classmethod
    def of(cls, name: str, strengths: Strengths) -> _Signal:
        scale = 1.0 if name in ABSOLUTE else max(strengths.values(), default=0.0) or 1.0
        return cls(strengths, WEIGHTS[name] / scale)


@dataclass(frozen=True)
class _Parts:
    """Scores of a file's parts: for all the query's words, and the title's."""

    words: Sequence[float]
    title: Sequence[float]


@dataclass(frozen=True)
class _QueryScores:
    """A query and what was found for it."""

    question: Query
    rarity: Mapping[str, float]  # a word's weight times how rare it is
    title: Mapping[str, float]  # the same of the title's words
    signals: Mapping[str, _Signal]
    scores: Strengths
    parts: Mapping[str, _Parts]
    traced: Mapping[str, Sequence[tuple[Frame, float]]]  # frames by path, and how much each counts
    most_words: float
    most_title: float

    def strength(self, name: str, path: str) -> float:
        return self.signals[name].factor * self.signals[name].strengths.get(path, 0.0)


class Ranker:
    """A ranker of one commit's files; what no query changes is made once."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._lengths = {number: corpus.postings.lengths[number] for number in corpus.by_number}
        self._texts = Documents(self._lengths)
        self._names = Documents(self._lengths, b=0.5)
        self._roles = {path: ROLES[file.role] for path, file in corpus.files.items()}
        self._tests = frozenset(path for path, file in corpus.files.items() if file.role == "test")
        self._path_words = signals.PathWords(corpus.files)
        self._paths = signals.Paths(corpus.files)
        self._messages = signals.Messages(corpus.history)
        self._touched = {path: math.log1p(times) for path, times in self._messages.touched.items()}

    def files(self, question: Query, limit: int) -> tuple[RankedFile, ...]:
        """Rank the likeliest files, best first."""
        weighed = self._weigh(question)
        return tuple(
            RankedFile(
                path,
                round(weighed.scores[path], 6),
                self._list_reasons(path, weighed),
                tuple(self._rank_functions(path, weighed)[:_FUNCTIONS_OF_A_FILE]),
            )
            for path in _take_best(weighed.scores, limit)
        )

    def functions(self, question: Query, limit: int) -> tuple[RankedFunction, ...]:
        """Rank the likeliest functions of the likeliest files, best first."""
        weighed = self._weigh(question)
        found = [
            one for path in _take_best(weighed.scores, _FUNCTION_FILES) for one in self._rank_functions(path, weighed)
        ]
        return tuple(sorted(found, key=lambda one: (-one.score, one.path, one.start))[:limit])

    def _weigh(self, question: Query) -> _QueryScores:
        """Score every file by what is cheap, then look closer at the likeliest."""
        held = cache(partial(self._corpus.postings.among, numbers=self._lengths))
        found = {
            name: _Signal.of(name, strengths) for name, strengths in self._score_everywhere(question, held).items()
        }
        sums = _add_up({}, found.values())
        first = self._by_role(sums)
        likely = _take_best({path: score for path, score in first.items() if path not in self._tests}, _CLOSELY)
        tests = _take_best({path: first[path] for path in first.keys() & self._tests}, _TESTS)
        rarity = self._weigh_rarity(question.terms, held)
        title = self._weigh_rarity(question.title, held)
        parts = {path: self._score_parts(path, rarity, title) for path in likely}
        closer = {
            "part": {path: sum(sorted(one.words, reverse=True)[:_BEST_PARTS]) for path, one in parts.items()},
            "title part": {path: max(one.title, default=0.0) for path, one in parts.items()},
            "tests": self._score_tested(tests, first),
        }
        found |= (near := {name: _Signal.of(name, strengths) for name, strengths in closer.items()})
        places = signals.find_places(question.frames, self._paths)
        scores = self._by_role(_add_up(sums, near.values()))
        most_words = max((max(one.words, default=0.0) for one in parts.values()), default=0.0) or 1.0
        most_title = max(closer["title part"].values(), default=0.0) or 1.0
        return _QueryScores(question, rarity, title, found, scores, parts, places, most_words, most_title)

    def _score_everywhere(self, question: Query, held: Callable[[str], Hits]) -> dict[str, Strengths]:
        corpus = self._corpus
        return {
            "text": self._spread(self._texts.scores(question.terms, held)),
            "title": self._spread(self._texts.scores(question.title, held)),
            "names": self._spread(self._names.scores(question.terms, lambda word: held(NAMES + word))),
            "path": self._path_words.match(question.terms),
            "history": self._messages.match(question.terms),
            "touched": self._touched,
            "written": signals.score_written(question, self._paths),
            "traced": signals.score_traced(question.frames, self._paths),
            "said": signals.score_quoted(question, corpus.postings, corpus.by_number),
            "modules": signals.score_modules(question, corpus.modules),
            "defined": signals.score_definers(question, corpus.postings, corpus.by_number),
        }

    def _spread(self, scores: Mapping[int, float]) -> Strengths:
        by_number = self._corpus.by_number
        return {path: score for number, score in scores.items() for path in by_number[number]}

    def _by_role(self, sums: Strengths) -> Strengths:
        roles = self._roles
        return {path: score * roles[path] for path, score in sums.items() if path in roles and score > 0}

    def _weigh_rarity(self, terms: Mapping[str, float], held: Callable[[str], Hits]) -> dict[str, float]:
        """Weigh the words by how rare they are; drop those that tell nothing."""
        weights = {word: weight * self._texts.rarity(len(held(word))) for word, weight in terms.items()}
        return {word: weight for word, weight in weights.items() if weight}

    def _score_parts(self, path: str, rarity: Mapping[str, float], title: Mapping[str, float]) -> _Parts:
        return _Parts(*signals.score_parts(self._corpus.record(path), rarity, title, _PART_WORDS))

    def _score_tested(self, tests: Iterable[str], first: Strengths) -> Strengths:
        """Score the files that tests import; one that imports much says less."""
        strengths: Strengths = {}
        for test in tests:
            names = self._corpus.record(test).imports
            files = {path for name in names for path in self._corpus.modules.find(name, importer=test)} - {test}
            for path in files:
                strengths[path] = max(strengths.get(path, 0.0), first[test] / (1 + math.log1p(len(files))))
        return strengths

    def _rank_functions(self, path: str, weighed: _QueryScores) -> list[RankedFunction]:
        """Rank a file's functions by their words, name, size and file."""
        record = self._corpus.record(path)
        scores = self._load_parts(path, weighed)
        place = weighed.scores[path] / max(weighed.scores.values())
        found: list[RankedFunction] = []
        for part, words, title in zip(record.parts, scores.words, scores.title, strict=True):
            if part.definition is not None:
                one = record.definitions[part.definition]
                total = place + 0.7 * words / weighed.most_words + 0.15 * title / weighed.most_title
                total += _score_pointers(one, path, weighed)
                found.append(RankedFunction(path, one.qualified, one.start, one.end, round(total, 6)))
        return sorted(found, key=lambda one: (-one.score, one.start))

    def _load_parts(self, path: str, weighed: _QueryScores) -> _Parts:
        return weighed.parts.get(path) or self._score_parts(path, weighed.rarity, weighed.title)

    def _list_reasons(self, path: str, weighed: _QueryScores) -> tuple[str, ...]:
        told: list[tuple[float, str]] = []
        for name in WEIGHTS:
            share = weighed.strength(name, path)
            if share >= _WORTH_TELLING and (words := self._describe(name, path, weighed)):
                told.append((share, words))
        told.sort(key=lambda one: (-one[0], one[1]))
        return tuple(words for _, words in told[:_REASONS])

    def _describe(self, name: str, path: str, weighed: _QueryScores) -> str:
        if name == "defined":
            known = weighed.question.names
            names = [one.name for one in self._corpus.record(path).definitions if one.name in known]
            return "defines " + ", ".join(f"`{one}`" for one in list(dict.fromkeys(names))[:4]) if names else ""
        return self._describe_part(path, weighed) if name == "part" else _REASON_WORDS.get(name, "")

    def _describe_part(self, path: str, weighed: _QueryScores) -> str:
        record = self._corpus.record(path)
        rarity = weighed.rarity
        scores = self._load_parts(path, weighed).words
        best = max(range(len(scores)), key=scores.__getitem__)
        held = (word for word in rarity.keys() & record.words.keys() if best in dict(record.holding(word)))
        words = sorted(held, key=lambda word: (-rarity[word], word))[:4]
        part = record.parts[best]
        place = f"`{record.definitions[part.definition].qualified}`" if part.definition is not None else "its top level"
        return f"{place} mentions {', '.join(words)}" if words else ""


_REASON_WORDS = {
    "text": "its text matches words of the issue",
    "title": "its text matches the title",
    "title part": "one of its functions matches the title",
    "path": "its path matches words of the issue",
    "names": "names it defines match words of the issue",
    "history": "commits with similar messages changed it",
    "written": "the issue names its path",
    "traced": "it is in the traceback or linked",
    "modules": "the issue names its module",
    "said": "it contains a text quoted in the issue",
    "touched": "it changed often recently",
    "tests": "a test that matches the issue exercises it",
}


def _add_up(sums: Strengths, found: Iterable[_Signal]) -> Strengths:
    total: Strengths = defaultdict(float, sums)
    for signal in found:
        factor = signal.factor
        for path, strength in signal.strengths.items():
            total[path] += factor * strength
    return total


def _take_best(scores: Mapping[str, float], limit: int) -> list[str]:
    """List the paths that score most, best first, then by name."""
    least = min(heapq.nlargest(limit, scores.values()), default=0.0) - 1e-8
    likely = (path for path, score in scores.items() if score >= least)
    return sorted(likely, key=lambda path: (-round(scores[path], 9), path))[:limit]


def _score_pointers(one: Definition, path: str, weighed: _QueryScores) -> float:
    """Score a function by names, frames and size, weighted as files are."""
    named = weighed.question.names.get(one.name, 0.0) / 3
    frames = weighed.traced.get(path, ())
    traced = max(
        (weight for frame, weight in frames if frame.name == one.name or one.start <= frame.line <= one.end),
        default=0.0,
    )
    size = min(1.0, math.log(2 + one.end - one.start) / math.log(200))
    return 0.3 * (named + traced + size)
