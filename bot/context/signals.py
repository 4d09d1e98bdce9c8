"""Compute signals: each gives some paths a strength."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bot.context import bm25
from bot.context.bm25 import Documents
from bot.context.history import History
from bot.context.imports import Modules
from bot.context.postings import Postings
from bot.context.query import Frame, Query
from bot.context.record import DEFINES, SAYS, Record
from bot.context.words import count_terms

Strengths = dict[str, float]

_MAX_DEFINERS = 25  # files that define a name; beyond it the name says nothing
_MAX_NAMESAKES = 6  # files a bare name may mean; beyond it means none
_MAX_CHANGES = 60  # commits that vote


class PathWords:
    """The words of paths, as documents."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = tuple(paths)
        self._hits: dict[str, list[tuple[int, int]]] = defaultdict(list)
        lengths: dict[int, int] = {}
        for number, path in enumerate(self._paths):
            words = count_terms(path.rpartition(".")[0] or path)
            lengths[number] = words.total()
            for word, times in words.items():
                self._hits[word].append((number, times))
        self._documents = Documents(lengths)

    def match(self, weights: Mapping[str, float]) -> Strengths:
        found = self._documents.scores(weights, lambda word: self._hits.get(word, ()))
        return {self._paths[number]: score for number, score in found.items()}


class Messages:
    """Commit messages, as documents that stand for the files they changed."""

    def __init__(self, history: History) -> None:
        self._changes = history.changes
        self._hits: dict[str, list[tuple[int, int]]] = defaultdict(list)
        lengths: dict[int, int] = {}
        self.touched: dict[str, float] = defaultdict(float)
        for number, change in enumerate(self._changes):
            if not change.paths:
                continue
            lengths[number] = sum(change.terms.values())
            for word, times in change.terms.items():
                self._hits[word].append((number, times))
            for path in change.paths:
                self.touched[path] += 0.5 ** (number / 500)
        self._documents = Documents(lengths)

    def match(self, weights: Mapping[str, float]) -> Strengths:
        """Let the likest commits vote for their files; a large one says less."""
        found = self._documents.scores(weights, lambda word: self._hits.get(word, ()))
        best = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:_MAX_CHANGES]
        votes: Strengths = defaultdict(float)
        for number, score in best:
            change = self._changes[number]
            for path in change.paths:
                votes[path] += score * score / math.sqrt(len(change.paths))
        return {path: math.sqrt(vote) for path, vote in votes.items()}


class Paths:
    """Finds the files a written path may mean."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in paths:
            self._by_name[path.rpartition("/")[2]].append(path)

    def find(self, written: str) -> tuple[str, ...]:
        """Find the files with the longest common end; a bare common name: none."""
        parts = [part for part in written.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
        if not parts:
            return ()
        known = self._by_name.get(parts[-1], [])
        for length in range(min(len(parts), 12), 1, -1):
            end = "/".join(parts[-length:])
            found = [path for path in known if path == end or path.endswith("/" + end)]
            if found:
                return tuple(found[:_MAX_NAMESAKES])
        return tuple(known) if len(known) <= _MAX_NAMESAKES else ()


def score_written(question: Query, paths: Paths) -> Strengths:
    """Files whose path the issue writes."""
    strengths: Strengths = {}
    for written in question.paths:
        found = paths.find(written)
        for path in found:
            strengths[path] = max(strengths.get(path, 0.0), 1 / len(found))
    return strengths


def score_traced(frames: Sequence[Frame], paths: Paths) -> Strengths:
    """Score the files in tracebacks and links, our innermost frame most."""
    strengths: Strengths = {}
    place = 0
    for frame in frames:
        found = paths.find(frame.path)
        if frame.rank == 0:
            place = 0
        for path in found:
            strengths[path] = max(strengths.get(path, 0.0), 1 / (1 + 0.5 * place) / len(found))
        place += bool(found)
    return strengths


def find_places(frames: Sequence[Frame], paths: Paths) -> dict[str, list[tuple[Frame, float]]]:
    """Frames by the file they lie in, the innermost counting most."""
    found: dict[str, list[tuple[Frame, float]]] = defaultdict(list)
    for frame in frames:
        for path in paths.find(frame.path):
            found[path].append((frame, 1 / (1 + 0.3 * frame.rank)))
    return found


def score_modules(question: Query, modules: Modules) -> Strengths:
    """Files whose module a dotted name begins with."""
    strengths: Strengths = {}
    for dotted in question.dotted:
        parts = dotted.split(".")
        for length in range(len(parts), 1, -1):
            found = modules.find("/".join(parts[:length]))
            for path in found:
                strengths[path] = max(strengths.get(path, 0.0), 1 / len(found))
            if found:
                break
    return strengths


def score_definers(question: Query, postings: Postings, by_number: Mapping[int, Sequence[str]]) -> Strengths:
    """Score the files that define a name; one defined often says little."""
    strengths: Strengths = defaultdict(float)
    for name, weight in question.names.items():
        holders = [path for number, _ in postings.get(DEFINES + name) for path in by_number.get(number, ())]
        if 0 < len(holders) <= _MAX_DEFINERS:
            for path in holders:
                strengths[path] += weight / len(holders)
    return strengths


def score_quoted(question: Query, postings: Postings, by_number: Mapping[int, Sequence[str]]) -> Strengths:
    """Files with string literals that hold what the issue quotes."""
    strengths: Strengths = defaultdict(float)
    for run in question.runs:
        holders = [path for number, _ in postings.get(SAYS + run) for path in by_number.get(number, ())]
        for path in holders:
            strengths[path] += 1 / len(holders)
    return strengths


def score_parts(
    record: Record, weights: Mapping[str, float], title: Mapping[str, float], average: float
) -> tuple[list[float], list[float]]:
    """Score each part of a file by all words, and by those of the title."""
    norms = [bm25.K1 * (1 - bm25.B + bm25.B * part.length / average) for part in record.parts]
    words = [0.0] * len(norms)
    titled = [0.0] * len(norms)
    for word in sorted(weights.keys() & record.words.keys()):
        gain = weights[word] * (bm25.K1 + 1)
        title_gain = title.get(word, 0.0) * (bm25.K1 + 1)
        for number, times in record.holding(word):
            share = times / (times + norms[number])
            words[number] += gain * share
            titled[number] += title_gain * share
    return words, titled
