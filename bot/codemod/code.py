"""Rename in the code of one file: definition, imports, names, and strings that name attributes."""

from __future__ import annotations

import ast
import re
from functools import cached_property

from bot.codemod.references import Reference, References, read_references
from bot.codemod.splices import Splices
from bot.codemod.strings import Word, read_words
from bot.codemod.target import CannotRename, Target
from bot.surface.modules import Module
from bot.surface.source import every_statement, parse, statements


def rename_in_code(target: Target, module: Module, text: str) -> str:
    """Return the text of a module with every reference renamed.

    Raises :class:`CannotRename` where the new name already means something else in a file that needs it.
    """
    syntax = parse(text)
    if syntax is None:
        return text
    code = _Code(target, module, syntax, Splices(text))
    try:
        code.rename()
    except RecursionError:
        raise CannotRename(f"{module.path} nests expressions too deeply to be read.") from None
    return code.splices.result() if code.splices.changed else text


class _Code:
    """One file while it is renamed in."""

    def __init__(self, target: Target, module: Module, syntax: ast.Module, splices: Splices) -> None:
        self.target = target
        self.module = module
        self.splices = splices
        self._syntax = syntax
        self._old = target.old_last.encode()

    @cached_property
    def _references(self) -> References:
        return read_references(self._syntax, self.module)

    def rename(self) -> None:
        self._rename_definitions()
        for node in every_statement(self._syntax.body):
            if isinstance(node, ast.Import):
                self._rename_import(node)
            elif isinstance(node, ast.ImportFrom):
                self._rename_import_from(node)
            elif isinstance(node, ast.Global) and self.target.old_last in node.names and self._is_bound():
                self._replace_word(node)
        if self._may_refer():
            for reference in self._references.found:
                self._rename_reference(reference)
        if re.search(rb"['\".\[ |]%s['\".\[\] |]" % re.escape(self._old), self.splices.data):
            for word in read_words(self._syntax):
                self._rename_word(word)

    def _may_refer(self) -> bool:
        """Return whether names may mean the target, without resolving any.

        A module can only be meant by a name that an import was just renamed for, or as an attribute.
        """
        attribute = rb"^(?![ \t]*from\b).*\w\.%s\b" % re.escape(self._old)
        named = not self.target.is_module or self.splices.changed
        return named or re.search(attribute, self.splices.data, re.MULTILINE) is not None

    def _is_bound(self) -> bool:
        return self.target.bound_in(self.module.name)

    def _rename_definitions(self) -> None:
        """Rename the ``def`` or ``class`` itself; assignments are references."""
        if self.module != self.target.module or self.target.is_module:
            return
        for statement in statements(self._syntax.body):
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if statement.name == self.target.old_last:
                start = self.splices.offset(statement.lineno, statement.col_offset)
                found = re.compile(rb"(?:async\s+def|def|class)\s+").match(self.splices.data, start)
                assert found is not None, "a definition begins with its keyword"
                self._put(found.end())

    def _put(self, start: int) -> None:
        """Replace the old name at an offset, unless that name is in use."""
        if self.target.new_last in self._references.bound:
            raise CannotRename(f"`{self.target.new_last}` already means something in {self.module.path}.")
        self.splices.replace(start, self.target.old_last, self.target.new_last)

    def _replace_word(self, node: ast.stmt) -> None:
        start, end = self.splices.span(node)
        for found in re.finditer(rb"\b%s\b" % self._old, self.splices.data[start:end]):
            self._put(start + found.start())

    def _rename_import(self, node: ast.Import) -> None:
        for alias in node.names:
            if self._is_inside(alias.name):
                start, _ = self.splices.span(alias)
                self.splices.replace(start, self.target.old, self.target.new)

    def _is_inside(self, dotted: str) -> bool:
        """Return whether a name is the renamed module or lies in it."""
        return self.target.is_module and f"{dotted}.".startswith(f"{self.target.old}.")

    def _rename_import_from(self, node: ast.ImportFrom) -> None:
        origin = self.module.absolute(node.level, node.module or "")
        if self._is_inside(origin) or (node.level and self._moves()):
            self._replace_origin(node, origin)
        for alias in node.names:
            if alias.name == self.target.old_last and self.target.meant_by(f"{origin}.{alias.name}"):
                self._refuse_detour(node.lineno)
                self.splices.replace(self.splices.span(alias)[0], self.target.old_last, self.target.new_last)
                if alias.asname is None and self.target.new_last in self._references.bound:
                    raise CannotRename(f"`{self.target.new_last}` already means something in {self.module.path}.")

    def _moves(self) -> bool:
        """Return whether this file goes to another package with the target."""
        return self.target.old_parent != self.target.new_parent and self._is_inside(self.module.name)

    def _replace_origin(self, node: ast.ImportFrom, origin: str) -> None:
        """Write the module that an import names, relative where it may stay so."""
        base = self.module.absolute(node.level, "") if node.level else ""
        if base and self._is_inside(base):
            return  # both ends move together
        renamed = f"{self.target.new}{origin.removeprefix(self.target.old)}" if self._is_inside(origin) else origin
        relative = bool(base) and not self._moves() and f"{renamed}.".startswith(f"{base}.")
        short = "." * node.level + renamed.removeprefix(base).removeprefix(".") if relative else renamed
        found = re.compile(rb"from\s*").match(self.splices.data, self.splices.span(node)[0])
        assert found is not None, "an import of names begins with from"
        self.splices.replace(found.end(), "." * node.level + (node.module or ""), short)

    def _rename_reference(self, reference: Reference) -> None:
        parts = reference.written.split(".")
        if self.target.old_last not in parts:
            return
        extra = reference.meaning.count(".") + 1 - len(parts)
        meaning = reference.meaning.split(".")
        for index, part in enumerate(parts):
            if part == self.target.old_last and self.target.meant_by(".".join(meaning[: extra + index + 1])):
                self._rename_part(reference, parts, index)

    def _rename_part(self, reference: Reference, parts: list[str], index: int) -> None:
        """Rename one part of ``a.b.c`` that means the target."""
        start = self.splices.span(reference.node)[0]
        if index == 0:
            self._put(start)
            return
        if ".".join(parts[: index + 1]) == self.target.old and self.splices.replace(
            start, self.target.old, self.target.new
        ):
            return
        self._refuse_detour(reference.node.lineno)
        end = self._end_of(reference.node, len(parts) - index - 1)
        self.splices.replace(end - len(self._old), self.target.old_last, self.target.new_last)

    def _refuse_detour(self, line: int) -> None:
        """Raise where a module that moves is reached through its package."""
        if self.target.old_parent != self.target.new_parent:
            raise CannotRename(
                f"{self.module.path}:{line} reaches `{self.target.old}` through its package, which it leaves; write "
                f"`import {self.target.old}` and the full name there first, or keep it in its package."
            )

    def _end_of(self, node: ast.expr, drop: int) -> int:
        """Return where ``a.b`` ends in ``a.b.c``, the last ``drop`` parts away."""
        for _ in range(drop):
            assert isinstance(node, ast.Attribute), "each further part is an attribute"
            node = node.value
        return self.splices.span(node)[1]

    def _rename_word(self, word: Word) -> None:
        """Rename in a string that names an attribute, an export or a type."""
        owned = (reference.meaning for reference in self._references.found if reference.node is word.owner)
        meaning = self.module.name if word.owner is None else next(owned, "")
        start, end = self.splices.span(word.node)
        for found in re.finditer(rb"(?<![\w.])((?:\w+\.)*)%s(?!\w)" % self._old, self.splices.data[start:end]):
            dotted = f"{meaning}.{found[1].decode()}{self.target.old_last}"
            if self.target.meant_by(dotted):
                self.splices.replace(start + found.end() - len(self._old), self.target.old_last, self.target.new_last)
