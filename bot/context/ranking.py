"""Files and functions by how much speaks for them: signals weighted, summed, and told as reasons."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.context import signals
from bot.context.bm25 import COMMON
from bot.context.history import History
from bot.context.imports import Modules
from bot.context.outline import Definition
from bot.context.postings import Postings
from bot.context.question import Question
from bot.context.record import Record
from bot.context.signals import Strengths
from bot.context.tree import File

# How these were found: docs of bench/localize.py. Signals in ABSOLUTE are strengths of their own; the others are
# divided by the strongest file's, so that a weight is what the best file gets.
WEIGHTS: Mapping[str, float] = {
    "text": 0.8, "part": 0.8, "path": 0.4, "names": 0.4, "defined": 0.6, "history": 0.4, "written": 0.6, "traced": 0.6,
    "modules": 0.5, "said": 0.3, "touched": 0.1, "tests": 0.2, "imports": 0.1, "imported": 0.1,
}  # fmt: skip
ABSOLUTE = frozenset(("written", "traced", "modules"))
ROLES: Mapping[str, float] = {"code": 1.0, "text": 0.6, "example": 0.6, "docs": 0.5, "test": 0.4}

_FIRST = ("text", "path", "names", "defined", "written", "traced", "modules", "said", "history", "touched")
_CLOSELY = 100
_TESTS = 40
_STRONG = 30
_FUNCTION_FILES = 30
_FUNCTIONS_OF_A_FILE = 3
_PART_WORDS = 120.0
_REASONS = 4
_WORTH_TELLING = 0.04


@dataclass(frozen=True)
class RankedFile:
    """A file's place: ``score`` compares within one ranking only; ``reasons`` are plain words, strongest first.

    ``functions`` are its likeliest ones, best first, at most three.
    """

    path: str
    score: float
    reasons: tuple[str, ...]
    functions: tuple[RankedFunction, ...] = ()


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
    """What a ranking works on."""

    files: Mapping[str, File]
    by_number: Mapping[int, Sequence[str]]
    postings: Postings
    modules: Modules
    history: History
    record: Callable[[str], Record]


class Ranker:
    """Ranks the files of one commit; everything that no question changes is made once."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._lengths = {number: corpus.postings.lengths[number] for number in corpus.by_number}
        self._path_words = signals.PathWords(corpus.files)
        self._paths = signals.Paths(corpus.files)
        self._messages = signals.Messages(corpus.history)

    def files(self, question: Question, limit: int) -> tuple[RankedFile, ...]:
        found = self._signals(question)
        scores = self._fused(found, WEIGHTS)
        rarity, most = self._rarity(question), max(scores.values(), default=1.0)
        ranked = []
        for path in _best(scores, limit):
            functions = self._functions(path, scores[path] / most, question, rarity)[:_FUNCTIONS_OF_A_FILE]
            reasons = self._reasons(path, question, found)
            ranked.append(RankedFile(path, round(scores[path], 6), reasons, tuple(functions)))
        return tuple(ranked)

    def functions(self, question: Question, limit: int) -> tuple[RankedFunction, ...]:
        scores = self._fused(self._signals(question), WEIGHTS)
        rarity, most = self._rarity(question), max(scores.values(), default=1.0)
        best = _best(scores, _FUNCTION_FILES)
        found = [one for path in best for one in self._functions(path, scores[path] / most, question, rarity)]
        return tuple(sorted(found, key=lambda one: (-one.score, one.path, one.start))[:limit])

    def _functions(
        self, path: str, place: float, question: Question, rarity: Mapping[str, float]
    ) -> list[RankedFunction]:
        """A file's functions, best first: by what they say, by what they are called, and by the file's own place."""
        record = self._corpus.record(path)
        found: list[RankedFunction] = []
        said = signals.part_scores(record.parts, rarity, _PART_WORDS)
        for part, score in zip(record.parts, said, strict=True):
            if part.definition is not None:
                one = record.definitions[part.definition]
                total = score / 10 + _named(one, question) + place
                found.append(RankedFunction(path, one.qualified, one.start, one.end, round(total, 6)))
        return sorted(found, key=lambda one: (-one.score, one.start))

    def _signals(self, question: Question) -> dict[str, Strengths]:
        """First what is cheap for every file; then, for the likeliest, what needs a closer look."""
        corpus = self._corpus
        found: dict[str, Strengths] = {
            "text": self._spread(signals.text(question, corpus.postings, self._lengths)),
            "names": self._spread(signals.names(question, corpus.postings, self._lengths)),
            "path": self._path_words.match(question.terms),
            "written": signals.written_paths(question, self._paths),
            "traced": signals.traced(question.frames, self._paths),
            "modules": signals.dotted_modules(question, corpus.modules),
            "defined": signals.defined(question, corpus.postings, corpus.by_number),
            "said": signals.said(question, corpus.postings, corpus.by_number),
            "history": self._messages.match(question.terms),
            "touched": {path: math.log1p(times) for path, times in self._messages.touched.items()},
        }
        first = self._fused(found, {name: WEIGHTS[name] for name in _FIRST})
        likely = _best({path: score for path, score in first.items() if self._role(path) != "test"}, _CLOSELY)
        tests = _best({path: score for path, score in first.items() if self._role(path) == "test"}, _TESTS)
        rarity = self._rarity(question)
        found["part"] = {path: self._best_part(path, rarity) for path in (*likely, *tests)}
        found["tests"] = self._shares(tests, first, max)
        found["imports"] = self._shares(likely[:_STRONG], first, sum)
        found["imported"] = self._importers(likely, first)
        return found

    def _spread(self, scores: Mapping[int, float]) -> Strengths:
        return {path: score for number, score in scores.items() for path in self._corpus.by_number[number]}

    def _role(self, path: str) -> str:
        return self._corpus.files[path].role

    def _fused(self, found: Mapping[str, Strengths], weights: Mapping[str, float]) -> Strengths:
        scores: Strengths = defaultdict(float)
        for name, weight in weights.items():
            strengths = found[name]
            scale = weight / (1.0 if name in ABSOLUTE else max(strengths.values(), default=0.0) or 1.0)
            for path, strength in strengths.items():
                scores[path] += scale * strength
        files = self._corpus.files
        return {path: score * ROLES[files[path].role] for path, score in scores.items() if path in files and score > 0}

    def _rarity(self, question: Question) -> dict[str, float]:
        """The question's words with their weight times how rare they are."""
        total = len(self._lengths)
        weights: dict[str, float] = {}
        for word, weight in question.terms.items():
            held = sum(number in self._lengths for number, _ in self._corpus.postings.get(word))
            if 0 < held <= max(10, COMMON * total):
                weights[word] = weight * math.log(1 + (total - held + 0.5) / (held + 0.5))
        return weights

    def _best_part(self, path: str, rarity: Mapping[str, float]) -> float:
        return max(signals.part_scores(self._corpus.record(path).parts, rarity, _PART_WORDS), default=0.0)

    def _imports(self, path: str) -> set[str]:
        record = self._corpus.record(path)
        found = {other for name in record.imports for other in self._corpus.modules.find(name, importer=path)}
        return found - {path}

    def _shares(self, paths: Iterable[str], first: Strengths, join: Callable[[Sequence[float]], float]) -> Strengths:
        """What files hand on to those they import; one that imports much says less of each."""
        shares: dict[str, list[float]] = defaultdict(list)
        for path in paths:
            imported = sorted(self._imports(path))
            for other in imported:
                shares[other].append(first[path] / (1 + math.log1p(len(imported))))
        return {path: float(join(given)) for path, given in shares.items()}

    def _importers(self, likely: Sequence[str], first: Strengths) -> Strengths:
        strong = set(likely[:_STRONG])
        found = {path: sum(first[other] for other in sorted(self._imports(path) & strong)) for path in likely}
        return {path: strength for path, strength in found.items() if strength}

    def _reasons(self, path: str, question: Question, found: Mapping[str, Strengths]) -> tuple[str, ...]:
        told: list[tuple[float, str]] = []
        for name, weight in WEIGHTS.items():
            strengths = found[name]
            scale = 1.0 if name in ABSOLUTE else max(strengths.values(), default=0.0) or 1.0
            share = weight * strengths.get(path, 0.0) / scale
            if share >= _WORTH_TELLING and (words := self._words(name, path, question)):
                told.append((share, words))
        told.sort(key=lambda one: (-one[0], one[1]))
        return tuple(words for _, words in told[:_REASONS])

    def _words(self, name: str, path: str, question: Question) -> str:
        if name == "defined":
            names = [one.name for one in self._corpus.record(path).definitions if one.name in question.names]
            return "defines " + ", ".join(f"`{one}`" for one in list(dict.fromkeys(names))[:4]) if names else ""
        if name == "part":
            return self._part_words(path, question)
        return _REASON_WORDS.get(name, "")

    def _part_words(self, path: str, question: Question) -> str:
        record, rarity = self._corpus.record(path), self._rarity(question)
        scores = list(signals.part_scores(record.parts, rarity, _PART_WORDS))
        part = record.parts[max(range(len(scores)), key=scores.__getitem__)]
        words = sorted((word for word in rarity if word in part.terms), key=lambda word: (-rarity[word], word))[:4]
        place = f"`{record.definitions[part.definition].qualified}`" if part.definition is not None else "its top level"
        return f"{place} speaks of {', '.join(words)}" if words else ""


_REASON_WORDS = {
    "text": "its text matches the issue's words",
    "path": "its path matches the issue's words",
    "names": "names it defines match the issue's words",
    "history": "commits with like messages changed it",
    "written": "the issue writes its path",
    "traced": "it is in the traceback or linked",
    "modules": "the issue names its module",
    "said": "it holds a text the issue quotes",
    "touched": "it changed often lately",
    "tests": "a test that matches the issue exercises it",
    "imports": "strong candidates import it",
    "imported": "it imports strong candidates",
}


def _best(scores: Mapping[str, float], limit: int) -> list[str]:
    return sorted(scores, key=lambda path: (-round(scores[path], 9), path))[:limit]


def _named(one: Definition, question: Question) -> float:
    """How clearly the issue names a function."""
    own = question.names.get(one.name, 0.0)
    holder = question.names.get(one.container, 0.0) if one.container else 0.0
    return 0.3 * own + 0.1 * holder
