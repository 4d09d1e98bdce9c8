"""Tell what was drawn at random from what people wrote: by letters that follow each other, and by changes of class."""

from __future__ import annotations

import re

# The 170 commonest pairs of letters in the words of build logs: four of five pairs there, one of four in random text.
_PAIRS = (
    "erinliretetioncoesatenanstedlengdeiborntarmaalseranditriioroecomactomeditaceastrlapeicneisnsetunloilprchpacactve"
    "earselgesissncllniemhemmnablfimpexadaprtthoutsolhaurocckpoutammidasobaotspopimabieplclusepsuainoagiabeulodmoidig"
    "fokeshptscooefbipihivityirosvaupivbueettipdolsrmrcausatugrcrlyrdppciltjaavuifeldumhoiffadscuquboizowublunfgikipy"
    "ryru"
)
_COMMON = frozenset(_PAIRS[place : place + 2] for place in range(0, len(_PAIRS), 2))
_RUNS = re.compile(r"[A-Z]+|[a-z]+|[0-9]+")
_LETTERS = re.compile(r"[A-Z]?[a-z]{4,}|[A-Z]{5,}")
_HEX = re.compile(r"[0-9a-f\-]+|[0-9A-F\-]+")
_MEASURE = re.compile(r"\d{1,3}(?:[.:\-/]\d+)+[a-z]*|\d{4}-\d\d-\d\d.*")
_LONG = 20
_WORDY = 0.62


def is_hex(text: str) -> bool:
    """Say whether a text is only hexadecimal digits and hyphens."""
    return _HEX.fullmatch(text) is not None


def has_words(text: str) -> bool:
    """Say whether words make up a good part of a text."""
    letters = sum(len(part) for part in _LETTERS.findall(text) if share_common(part) >= _WORDY)
    return letters * 3 >= len(text)


def share_common(text: str) -> float:
    """Return the share of pairs of letters that words often have."""
    lower = text.lower()
    pairs = [lower[place : place + 2] for place in range(len(lower) - 1)]
    plain = [pair for pair in pairs if pair.isalpha()]
    return sum(pair in _COMMON for pair in plain) / len(plain) if plain else 0.0


def is_random(token: str) -> bool:
    """Say whether a token of 20 characters or more was drawn at random."""
    if len(token) < _LONG or is_hex(token):
        return False
    runs = _RUNS.findall(token)
    kept = sum(map(len, runs))
    pairs = kept - 1 - (len(token) - kept)
    if kept * 5 < len(token) * 4 or pairs < 12:
        return False
    classes = {_class(run[0]) for run in runs}
    if "digit" not in classes and (len(token) < 24 or _LETTERS.search(token)):
        return False
    changes = (len(runs) - 1 - (len(token) - kept)) / pairs
    if changes < _least_changes(classes, len(token)):
        return False
    return not has_words(token) and share_common(token) < 0.6


def looks_random(piece: str) -> bool:
    """Say whether a short piece is rather a part of a secret than a word."""
    if len(piece) < 4:
        return False
    digits = sum(char.isdigit() for char in piece)
    if digits == len(piece):
        return False
    runs = len(_RUNS.findall(piece))
    if digits and (runs >= 4 or (is_hex(piece) and len(piece) >= 8)):
        return not has_words(piece)
    return runs >= 4 and not has_words(piece) and share_common(piece) < 0.55


def may_continue(piece: str) -> bool:
    """Say whether a piece on a line of its own may be the rest of a secret."""
    if len(piece) < 4 or _MEASURE.fullmatch(piece):
        return False
    return any(map(str.isdigit, piece)) or (len(_RUNS.findall(piece)) >= 3 and not has_words(piece))


def _class(char: str) -> str:
    if char.isdigit():
        return "digit"
    return "upper" if char.isupper() else "lower"


def _least_changes(classes: set[str], length: int) -> float:
    if len(classes) < 2:
        return 2.0
    if len(classes) == 3:
        return 0.33 if length >= 32 else 0.38
    if "digit" in classes:
        return 0.22
    return 0.36
