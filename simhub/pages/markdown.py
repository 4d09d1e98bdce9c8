"""Markdown as GitHub shows it: tables, task lists, references, a small safe subset of HTML; all else escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

_SAFE = (
    "details|summary|br|hr|sub|sup|kbd|b|i|em|strong|p|div|code|pre|del|ins|s|h[1-6]|ul|ol|li|blockquote|"
    "table|thead|tbody|tr|th|td|samp|var"
)
_TAG = re.compile(rf"</?(?:{_SAFE})(?:\s+(?:open|align=\"(?:left|center|right)\"))?\s*/?>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TASK = re.compile(r"\[([ xX])\] ")
_REFERENCE = re.compile(r"(?<![\w/&])(?:#(?P<number>\d+)|@(?P<login>[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?))\b")


def render(text: str | None, repository_path: str = "", replaced: Sequence[str] = ()) -> Markup:
    """HTML for a body; ``repository_path`` ("/OWNER/REPO") is where ``#12`` leads.

    ``replaced`` are the lines that a suggestion block in it would replace.
    """
    return Markup(_engine().render(text or "", {"repository": repository_path, "replaced": replaced}))


def _engine() -> MarkdownIt:
    engine = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"])
    engine.core.ruler.push("tasks", _mark_tasks)
    engine.core.ruler.push("plain", _mark_plain)
    engine.add_render_rule("html_block", _html)
    engine.add_render_rule("html_inline", _html)
    engine.add_render_rule("text", _text)
    engine.add_render_rule("task", _task)
    engine.add_render_rule("fence", _fence)
    return engine


def _html(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    text = _COMMENT.sub("", tokens[index].content)
    parts, last = [], 0
    for match in _TAG.finditer(text):
        parts += [escape(text[last : match.start()]), match[0]]
        last = match.end()
    return "".join([*parts, escape(text[last:])])


def _mark_tasks(state: StateCore) -> None:
    """``- [x] done`` becomes a checkbox."""
    for before, token in zip(state.tokens, state.tokens[2:], strict=False):
        if before.type == "list_item_open" and token.type == "inline" and (match := _TASK.match(token.content)):
            first = (token.children or [])[0]
            first.content = first.content[4:]
            box = Token("task", "", 0)
            box.meta["done"] = match[1] in "xX"
            token.children = [box, *(token.children or [])]
            before.attrSet("class", "task")


def _task(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return f'<input type="checkbox" disabled{" checked" if tokens[index].meta["done"] else ""}> '


def _fence(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """``suggestion`` blocks become a small diff."""
    token = tokens[index]
    if token.info.strip() != "suggestion":
        return self.fence(tokens, index, options, env)
    rows = [("del", "-", line) for line in env["replaced"]]
    rows += [("add", "+", line) for line in token.content.splitlines()]
    shown = "".join(f'<tr class="{kind}"><td>{sign}{escape(line)}</td></tr>' for kind, sign, line in rows)
    return f'<div class="suggestion"><div>Suggested change</div><table class="diff">{shown}</table></div>'


def _mark_plain(state: StateCore) -> None:
    """Text outside links may hold references."""
    for token in state.tokens:
        depth = 0
        for child in token.children or []:
            depth += {"link_open": 1, "link_close": -1}.get(child.type, 0)
            child.meta["plain"] = depth == 0


def _text(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    text = escape(tokens[index].content, quote=False)
    if not tokens[index].meta.get("plain"):
        return text
    return _REFERENCE.sub(lambda match: _link(match, env["repository"]), text)


def _link(match: re.Match[str], repository: str) -> str:
    if match["login"]:
        return f'<a class="mention" href="/{match["login"]}">{match[0]}</a>'
    return f'<a href="{repository}/issues/{match["number"]}">{match[0]}</a>' if repository else match[0]
