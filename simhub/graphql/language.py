"""The GraphQL query language: text to a tree. Only documents that ask are read, no schemas."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r'[\s,﻿]+|#[^\n]*|(?P<token>"""(?:[^"]|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|\.\.\.|'
    r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[_A-Za-z]\w*|[!$()\[\]{}:=|@&])"
)


class ParseError(Exception):
    """The document is not GraphQL; the message says where."""


@dataclass(frozen=True)
class Variable:
    name: str


@dataclass(frozen=True)
class Field:
    name: str
    alias: str
    arguments: dict[str, Any]
    directives: dict[str, dict[str, Any]]
    selections: tuple[Selection, ...]


@dataclass(frozen=True)
class Spread:
    """A named fragment to put here."""

    name: str
    directives: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Inline:
    on: str | None
    directives: dict[str, dict[str, Any]]
    selections: tuple[Selection, ...]


Selection = Field | Spread | Inline


@dataclass(frozen=True)
class Operation:
    kind: str
    name: str | None
    defaults: dict[str, Any]
    required: tuple[str, ...]
    selections: tuple[Selection, ...]


@dataclass
class Document:
    operations: list[Operation] = field(default_factory=list)
    fragments: dict[str, Inline] = field(default_factory=dict)


def parse(text: str) -> Document:
    return _Parser(text).document()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        place = 0
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise ParseError(f'Expected one of SCHEMA, SCALAR, TYPE, ..., actual: "{text[place]}"')
            if match["token"]:
                self.tokens.append(match["token"])
            place = match.end()
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def next(self) -> str:
        if self.place >= len(self.tokens):
            raise ParseError("Unexpected end of document")
        self.place += 1
        return self.tokens[self.place - 1]

    def expect(self, token: str) -> None:
        found = self.next()
        if found != token:
            raise ParseError(f'Expected "{token}", actual: "{found}"')

    def take(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.place += 1
        return True

    def document(self) -> Document:
        found = Document()
        while self.peek():
            if self.peek() == "fragment":
                self.next()
                name = self.next()
                self.expect("on")
                found.fragments[name] = Inline(self.next(), self.directives(), self.selections())
            else:
                found.operations.append(self.operation())
        return found

    def operation(self) -> Operation:
        if self.peek() == "{":
            return Operation("query", None, {}, (), self.selections())
        kind = self.next()
        if kind not in ("query", "mutation"):
            raise ParseError(f'Expected "query" or "mutation", actual: "{kind}"')
        name = self.next() if self.peek() not in ("{", "(", "@") else None
        defaults, required = self.variables()
        self.directives()
        return Operation(kind, name, defaults, required, self.selections())

    def variables(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        defaults: dict[str, Any] = {}
        required = []
        if self.take("("):
            while not self.take(")"):
                self.expect("$")
                name = self.next()
                self.expect(":")
                demanded = self.type()
                if self.take("="):
                    defaults[name] = self.value()
                elif demanded:
                    required.append(name)
        return defaults, tuple(required)

    def type(self) -> bool:
        """Skips a type; says whether it must not be null."""
        if self.take("["):
            self.type()
            self.expect("]")
        else:
            self.next()
        return self.take("!")

    def selections(self) -> tuple[Selection, ...]:
        found: list[Selection] = []
        self.expect("{")
        while not self.take("}"):
            found.append(self.spread() if self.take("...") else self.field())
        return tuple(found)

    def spread(self) -> Selection:
        if self.peek() not in ("on", "{", "@"):
            return Spread(self.next(), self.directives())
        on = self.next() if self.take("on") else None
        return Inline(on, self.directives(), self.selections())

    def field(self) -> Field:
        name = alias = self.next()
        if self.take(":"):
            name = self.next()
        arguments = self.arguments()
        directives = self.directives()
        inner = self.selections() if self.peek() == "{" else ()
        return Field(name, alias, arguments, directives, inner)

    def arguments(self) -> dict[str, Any]:
        found = {}
        if self.take("("):
            while not self.take(")"):
                name = self.next()
                self.expect(":")
                found[name] = self.value()
        return found

    def directives(self) -> dict[str, dict[str, Any]]:
        found = {}
        while self.take("@"):
            found[self.next()] = self.arguments()
        return found

    def value(self) -> Any:
        token = self.next()
        if token == "$":
            return Variable(self.next())
        if token == "[":
            items = []
            while not self.take("]"):
                items.append(self.value())
            return items
        if token == "{":
            made = {}
            while not self.take("}"):
                name = self.next()
                self.expect(":")
                made[name] = self.value()
            return made
        if token.startswith('"""'):
            return token[3:-3].strip()
        words = {"true": True, "false": False, "null": None}
        if token in words:
            return words[token]
        return json.loads(token) if token[0] in '"-0123456789' else token


def filled(value: Any, variables: dict[str, Any]) -> Any:
    """Put variables into a value; one that was not given counts as null."""
    if isinstance(value, Variable):
        return variables.get(value.name)
    if isinstance(value, list):
        return [filled(item, variables) for item in value]
    if isinstance(value, dict):
        return {name: filled(item, variables) for name, item in value.items()}
    return value
