"""Tell whether a change of Python leaves all but docstrings as it was."""

from __future__ import annotations

import ast
import io
import tokenize

from bot.documentation.modules import Documented
from bot.surface.source import parse


def find_code_change(before: str, after: str, *, comments: bool = False) -> str | None:
    """Return in words what a change alters beside docstrings, if anything.

    ``comments``: they were asked for, so they may change. What cannot be parsed counts as altered.
    """
    old, new = parse(before), parse(after)
    if old is None or new is None:
        return "cannot be parsed here, so nothing shows that its code is unchanged"
    if ast.dump(_without_docstrings(old)) != ast.dump(_without_docstrings(new)):
        return "its code is altered, not only its docstrings"
    if not comments and _comments(before) != _comments(after):
        return "its comments are altered, and comments are no documentation unless they are asked for"
    return None


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """Take the docstrings out; a body that is left empty passes."""
    for node in ast.walk(tree):
        if isinstance(node, Documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def _comments(text: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    try:
        return [token.string for token in tokens if token.type == tokenize.COMMENT]
    except (tokenize.TokenError, SyntaxError):
        return [text]
