"""Find what signatures invite to assert for all input: a relation between functions, and what to draw (pure).

Names and types decide, never a model: a pair of opposites invites a round trip, ``normalize`` that twice is once.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from bot.mutation.records import Scope
from bot.types import JsonModel
from handlers.test.signatures import Function, Signature, read_signatures

_MOST = 12
_OPPOSITES = (
    ("encode", "decode"), ("dumps", "loads"), ("dump", "load"), ("format", "parse"), ("unparse", "parse"),
    ("render", "parse"), ("stringify", "parse"), ("serialize", "deserialize"), ("serialise", "deserialise"),
    ("pack", "unpack"), ("escape", "unescape"), ("quote", "unquote"), ("compress", "decompress"),
    ("encrypt", "decrypt"), ("marshal", "unmarshal"), ("flatten", "unflatten"), ("hexlify", "unhexlify"),
    ("wrap", "unwrap"), ("to", "from"), ("join", "split"),
)  # fmt: skip
_ONCE = {
    "normalize", "normalise", "canonicalize", "canonicalise", "clean", "sanitize", "sanitise", "strip", "trim",
    "dedent", "slugify", "dedupe", "deduplicate", "unique", "uniq", "simplify", "collapse", "sort", "sorted", 
    "casefold", "clamp", "clip", "truncate", "shorten",
}  # fmt: skip
_ANY_ORDER = {
    "sum", "total", "count", "mean", "average", "median", "min", "max", "minimum", "maximum", "variance", "stdev",
}  # fmt: skip
_SAME_ELEMENTS = {"sort", "sorted", "reverse", "reversed", "shuffle", "rotate"}
_BOUNDED = {"clamp", "clip", "truncate", "shorten", "limit"}
_EITHER_WAY = {"add", "gcd", "lcm", "distance", "similarity", "union", "intersection", "overlap", "overlaps"}


class Invitation(JsonModel):
    """A relation that should hold for all input, and the input to draw.

    ``functions`` are the names that a test of it uses; ``errors`` may come out instead of a result.
    """

    relation: str
    path: str
    functions: tuple[str, ...]
    says: str
    draws: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """Return it in one line."""
        drawn = f"; draw {', '.join(self.draws)}" if self.draws else ""
        errors = f"; documented errors: {', '.join(self.errors)}" if self.errors else ""
        return f"{self.path}, {' and '.join(self.functions)}: {self.relation}: {self.says}{drawn}{errors}"


def find_invitations(texts: Mapping[str, str], scopes: Mapping[str, Scope], *, fuzz: bool) -> tuple[Invitation, ...]:
    """Return what the target's signatures invite, the named relations first.

    ``fuzz``: every function whose arguments can be drawn invites arbitrary input.
    """
    found: list[Invitation] = []
    for path, scope in sorted(scopes.items()):
        known = {one.name: one for one in read_signatures(texts.get(path, ""))}
        wanted = [one for one in known.values() if _is_meant(one, scope)]
        found += [one for signature in wanted for one in _relate(path, signature, known)]
        found += [_open_to_all(path, one) for one in wanted if fuzz and one.drawable]
    unique = {(one.relation, frozenset(one.functions)): one for one in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda one: one.relation == "arbitrary input"))[:_MOST]


def find_taken_up(invitations: Collection[Invitation], texts: Mapping[str, str]) -> dict[str, str]:
    """Return the invitations, as told, that a test which draws input uses."""
    taken: dict[str, str] = {}
    for path, text in texts.items():
        for test in (one for one in _functions(text) if one.name.startswith("test") and draws_input(one)):
            used = {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(test)}
            for one in invitations:
                if {name.rpartition(".")[2] for name in one.functions} <= used:
                    taken.setdefault(one.told, f"{path}::{test.name}")
    return taken


def draws_input(test: ast.AST) -> bool:
    """Return whether a test draws its input, seeded or by hypothesis."""
    for node in ast.walk(test):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name == "given" or (name in {"Random", "default_rng"} and node.args):
                return True
    return False


def _functions(text: str) -> list[Function]:
    try:
        return [node for node in ast.walk(ast.parse(text)) if isinstance(node, Function)]
    except (SyntaxError, ValueError, RecursionError):
        return []


def _is_meant(signature: Signature, scope: Scope) -> bool:
    by_line = scope.lines is None or not set(scope.lines).isdisjoint(signature.lines)
    name = f"{signature.name}."
    return by_line and (scope.names is None or any(name.startswith(f"{one}.") for one in scope.names))


def _relate(path: str, one: Signature, known: Mapping[str, Signature]) -> Iterator[Invitation]:
    """Yield the relations that a function's name invites."""
    words = set(one.words)
    alone = len(one.required) == 1
    name = one.name
    for forth, back in _pair(one, known):
        says = f"{back.name}({forth.name}(x)) == x for every x that {forth.name} accepts"
        yield _invite("round trip", path, (forth, back), says)
    if alone and words & _ONCE:
        yield _invite("twice is once", path, (one,), f"{name}({name}(x)) == {name}(x)")
    if not one.drawable:
        return
    kinds = [kind for _, kind in one.required]
    if "list" in kinds and words & _ANY_ORDER:
        yield _invite("any order", path, (one,), "the result is the same for every order of the elements")
    if "list" in kinds and words & _SAME_ELEMENTS:
        yield _invite("same elements", path, (one,), "the result holds the same elements as often")
    if words & _BOUNDED and len(kinds) > 1:
        yield _invite("bounds", path, (one,), "the result is never outside the bounds that are given")
    if len(kinds) == 2 and kinds[0] == kinds[1] and words & _EITHER_WAY:
        yield _invite("either way", path, (one,), f"{name}(a, b) == {name}(b, a)")


def _pair(one: Signature, known: Mapping[str, Signature]) -> Iterator[tuple[Signature, Signature]]:
    """Yield the function with its opposite.

    First comes the one that makes the other's input.
    """
    prefix, _, last = one.name.rpartition(".")
    words = last.split("_")
    for pair in _OPPOSITES:
        for here, there in (pair, pair[::-1]):
            if here in words:
                names = ["_".join(there if word == here else word for word in words)]
                opposite = known.get(f"{prefix}.{names[0]}" if prefix else names[0])
                if opposite is not None and len(one.required) == len(opposite.required) == 1:
                    yield (one, opposite) if here == pair[0] else (opposite, one)
    swapped = "_to_".join(reversed(last.split("_to_")))
    opposite = known.get(f"{prefix}.{swapped}" if prefix else swapped)
    if swapped != last and opposite is not None and len(one.required) == len(opposite.required) == 1:
        yield one, opposite


def _invite(relation: str, path: str, functions: tuple[Signature, ...], says: str) -> Invitation:
    errors = tuple(dict.fromkeys(error for one in functions for error in one.errors))
    names = tuple(one.name for one in functions)
    return Invitation(relation=relation, path=path, functions=names, says=says, draws=functions[0].draws, errors=errors)


def _open_to_all(path: str, one: Signature) -> Invitation:
    says = "for any input a result, or one of the documented errors" if one.errors else "for any input a result"
    return _invite("arbitrary input", path, (one,), says)
