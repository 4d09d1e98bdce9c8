"""Find what a passage names: code, options, environment variables, paths, links, and calls with keywords."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Literal, NamedTuple

from bot.documentation.passages import Passage
from bot.surface.source import parse

Kind = Literal["name", "keyword", "parameter", "flag", "variable", "route", "path", "link"]


class Mention(NamedTuple):
    """Something named in a passage.

    ``text`` of a keyword is ``function(keyword)``, and so it is of a parameter that a signature in prose shows without
    a value. ``marked``: it stands in code marks, so it is no word of English.
    """

    kind: Kind
    text: str
    line: int
    marked: bool = True


_CODE_SPAN = re.compile(r"(?P<ticks>`+)(?P<code>[^`]+?)(?P=ticks)(?!`)")
_ROLE = re.compile(r":(?:[\w+]+:)?(?P<role>\w+):$")
# ``title <target>`` of a role, the default one too
_TITLED = re.compile(r"^.*<[~!]?([\w.]+)>$", re.S)
_DIRECTIVE = re.compile(
    r"^[ \t]*\.\. (?:py:)?(?:auto)?(?:module|class|function|method|data|attribute|exception|decorator|currentmodule)"
    r"(?:member)?:: *(?P<name>[\w.]+)(?P<call>\([^\n]*)?",
    re.M,
)
_FILE_DIRECTIVE = re.compile(r"^[ \t]*\.\. (?:literalinclude|include|image|figure):: *(?P<path>\S+)", re.M)
_MARKDOWN_LINK = re.compile(
    r"\[[^\]\n]*\]\(\s*<?(?P<target>[^)\s>]+)>?[^)\n]*\)|^ {0,3}\[[^\]\n]+\]:\s*(?P<defined>\S+)", re.M
)
_RST_LINK = re.compile(r"`[^`<]+<(?P<target>[^>`\s]+)>`_|^[ \t]*\.\. _[^:\n]+: (?P<defined>\S+)", re.M)
_BARE = re.compile(
    r"(?<![\w`./:@-])(?:(?P<flag>--[a-z][\w-]+)|(?P<variable>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"
    r"|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?:\(\))?|\w+\(\)|\w*[a-z0-9]_\w+|[A-Z][a-z]+(?:[A-Z][a-z]+)+))(?![\w`/])"
)
_BARE_KINDS: tuple[Kind, ...] = ("flag", "variable", "name")
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_FLAG = re.compile(r"(?<![\w-])--?[a-zA-Z][\w-]*")
_VARIABLE = re.compile(r"\$?\{?(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\}?(?:=.*)?")
_ROUTE = re.compile(r"(?:(?:GET|POST|PUT|PATCH|DELETE|HEAD) )?(?P<route>/[\w/<>{}:.*-]*)")
_PATH = re.compile(
    r"(?:\.{1,2}/)?[\w.-]+(?:/[\w.-]+)+/?|[\w-]+\.(?:py|pyi|md|rst|txt|toml|cfg|ini|ya?ml|json|sh|js|css|html)"
)
_CALL = re.compile(r"(?P<name>[A-Za-z_][\w.]*)\((?P<arguments>[^()]*(?:\([^()]*\)[^()]*)*)\)")
_KEYWORD = re.compile(r"(?:^|,)\s*(?P<keyword>[a-z_]\w*)\s*=(?!=)")
_PARAMETER = re.compile(r"(?:^|,)\s*\*{0,2}(?P<keyword>[a-z_]\w*)\s*(?=[,:]|$)")
_NESTED = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
_CODE_NAME = re.compile(r"(?<![\w.\"'])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_SHELL = frozenset(("console", "shell", "bash", "sh", "shell-session", "terminal", "zsh", "powershell"))
_PYTHON = frozenset(("python", "py", "python3", "pycon", "py3", "default", ""))
_PROMPT = re.compile(r"[ \t]*(?:>>>|\.\.\.)(?= |$)")
_STRING = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|#[^\n]*")
# names that code binds itself: they are nobody's but its own
_BOUND = re.compile(r"(\w+)\s*(?::=|=(?!=))|\b(?:for|as|def|class|import)\s+(\w+)")
_NO_CODE_ROLES = frozenset(("ref", "doc", "term", "pep", "rfc", "issue", "gh", "pr", "user", "numref", "download"))
_EXTERNAL = re.compile(r"[a-z][a-z0-9+.-]*:|//|#?$", re.I)


def is_python(passage: Passage) -> bool:
    """Return whether a passage is Python; unnamed code is if it parses."""
    if passage.kind != "code" or passage.language not in _PYTHON:
        return False
    return bool(passage.language) or ">>>" in passage.text or parse(textwrap.dedent(passage.text)) is not None


def is_shell(passage: Passage) -> bool:
    """Return whether a passage is lines for a shell."""
    return passage.kind == "code" and passage.language in _SHELL


def find_mentions(passage: Passage) -> tuple[Mention, ...]:
    """Return what a passage names, each once a line, in no particular order."""
    if is_python(passage):
        found = _in_python(passage.text)
    elif passage.kind == "code":
        found = _in_shell(passage.text)
    else:
        found = _in_prose(passage.text)
    # a fence's text begins on its second line
    first = passage.start + (passage.kind == "code" and passage.end - passage.start > passage.text.count("\n"))
    lines = (one._replace(line=min(first + passage.text.count("\n", 0, one.line), passage.end)) for one in found)
    return tuple(dict.fromkeys(lines))


# The functions below give as ``line`` the offset in the passage's text.


def _in_prose(text: str) -> Iterator[Mention]:
    bare = list(text)
    for span in _CODE_SPAN.finditer(text):
        bare[span.start() : span.end()] = " " * (span.end() - span.start())
        role = _ROLE.search(text[: span.start()])
        code = span["code"].strip().lstrip("~!")
        if (role is None or role["role"] not in _NO_CODE_ROLES) and not text.startswith("_", span.end()):
            yield from _in_code_span(_TITLED.sub(r"\1", code), span.start())
    for directive in _DIRECTIVE.finditer(text):
        yield Mention("name", directive["name"], directive.start())
        yield from _calls(f"{directive['name']}{directive['call'] or ''}", directive.start())
    for pattern in (_MARKDOWN_LINK, _RST_LINK, _FILE_DIRECTIVE):
        for link in pattern.finditer(text):
            target = next(filter(None, link.groups()))
            bare[link.start() : link.end()] = " " * (link.end() - link.start())
            if not _EXTERNAL.match(target):
                yield Mention("link", target, link.start())
    for word in _BARE.finditer("".join(bare)):
        for kind in _BARE_KINDS:
            if word[kind]:
                yield Mention(kind, word[0].removesuffix("()"), word.start(), marked=False)


def _in_code_span(code: str, at: int) -> Iterator[Mention]:
    """Read what one pair of code marks holds."""
    code = " ".join(code.split())
    yield from _calls(code, at)
    name = re.sub(r"\(.*\)$", "", code).removeprefix("@").removeprefix(".")
    if _NAME.fullmatch(name) and not _PATH.fullmatch(code):
        yield Mention("name", name, at)
    variable = _VARIABLE.fullmatch(code)
    if variable is not None:
        yield Mention("variable", variable["name"], at)
    route = _ROUTE.fullmatch(code)
    if route is not None:
        yield Mention("route", route["route"], at)
    if _PATH.fullmatch(code):
        yield Mention("path", code, at)
    for flag in _FLAG.findall(code):
        yield Mention("flag", flag, at)


def _in_python(text: str) -> Iterator[Mention]:
    code = _STRING.sub(_blank, _only_input(text))
    bound = {name for groups in _BOUND.findall(code) for name in groups if name}
    for name in _CODE_NAME.finditer(code):
        if name[0] not in bound:
            yield Mention("name", name[0], name.start(), marked=False)
    yield from _imported(code)
    for call in _CALL.finditer(code):
        yield from _calls(call[0], call.start(), prose=False)


def _only_input(text: str) -> str:
    """Blank the prompts of an interactive session, and what it answers."""
    if ">>>" not in text:
        return text
    return "\n".join(_PROMPT.sub(_blank, line) if _PROMPT.match(line) else " " * len(line) for line in text.split("\n"))


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _imported(code: str) -> Iterator[Mention]:
    """Yield the dotted names that ``from a import b`` stands for."""
    for line in re.finditer(r"^\s*from ([\w.]+) import \(?([\w, ]+)", code, re.M):
        for name in line[2].split(","):
            if name.strip():
                yield Mention("name", f"{line[1]}.{name.split()[0]}", line.start())


def _in_shell(text: str) -> Iterator[Mention]:
    for flag in _FLAG.finditer(text):
        yield Mention("flag", flag[0], flag.start())
    for variable in re.finditer(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", text):
        yield Mention("variable", variable[0], variable.start())
    for path in _PATH.finditer(text):
        yield Mention("path", path[0], path.start())
    for module in re.finditer(r"\bpython3? -m ([\w.]+)", text):
        yield Mention("name", module[1], module.start())


def _calls(code: str, at: int, *, prose: bool = True) -> Iterator[Mention]:
    """Yield the keywords of calls; in prose a call may be a signature."""
    for call in _CALL.finditer(code):
        own = call["arguments"]
        while _NESTED.search(own):
            own = _NESTED.sub("", own)
        for found in _KEYWORD.finditer(own):
            yield Mention("keyword", f"{call['name']}({found['keyword']})", at)
        for found in _PARAMETER.finditer(own) if prose else ():
            yield Mention("parameter", f"{call['name']}({found['keyword']})", at)
