"""List the languages that Forgehand understands by itself. A new one is a folder and a line here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.toolchains.cpp.language import CPP
from bot.toolchains.cpp.make import MANAGER as MAKE
from bot.toolchains.dotnet.language import DOTNET
from bot.toolchains.elixir.language import ELIXIR
from bot.toolchains.go.language import GO
from bot.toolchains.jvm.language import JVM
from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.node.language import NODE
from bot.toolchains.php.language import PHP
from bot.toolchains.python.language import PYTHON, make_part
from bot.toolchains.python.units import stands_beside_others
from bot.toolchains.ruby.language import RUBY
from bot.toolchains.rust.language import RUST
from bot.toolchains.shell.language import SHELL
from bot.toolchains.units import Unit

LANGUAGES = (PYTHON, NODE, GO, JVM, RUBY, RUST, PHP, CPP, SHELL, ELIXIR, DOTNET)
# Folders of one language that are tested: a monorepo of hundreds would take hours.
_MOST = 40
# Evidence of what is taken for Python's because nothing else is there.
UNNAMED = ("nothing names another language",)


def find_parts(tree: Path, tools: Tools) -> list[Part]:
    """Return what tests itself in one folder of checks. Blocking.

    A policy's own command tests all of it. Where nothing names a language, it is Python's, which says what is missing.
    """
    found = [part for language in LANGUAGES for part in _find_own(language, tree, tools)]
    # a Makefile may run the tests of any language, so it is asked where nothing else is there
    found = [part for part in found if part.unit.manager != MAKE] or found
    found = _drop_idle_python(found, tree, tools)
    if not found and (tools.checks.test or not tools.elsewhere):
        whole = Unit(root="", toolchain="python", evidence=UNNAMED)
        found = [make_part(whole, tree, tools)]
    own = [replace(part, folder=tools.folder, checks=tools.checks) for part in found]
    return [_widen(own[0], tools)] if tools.checks.test else own


def _find_own(language: Language, tree: Path, tools: Tools) -> list[Part]:
    """Return a language's parts; the last says where some are left out."""
    found = [part for part in language.find_parts(tree, tools) if tools.holds(part.unit)]
    if len(found) > _MOST:
        last = found[_MOST - 1]
        evidence = (*last.unit.evidence, f"{len(found) - _MOST} more folders of {language.name} that are left out")
        found[_MOST - 1 :] = [replace(last, unit=last.unit.model_copy(update={"evidence": evidence}))]
    return found


def _drop_idle_python(found: list[Part], tree: Path, tools: Tools) -> list[Part]:
    """Drop Python where it only holds settings beside another language.

    A policy's own command may be Python's whatever the tree looks like.
    """
    others = [part for part in found if part.unit.toolchain != PYTHON.name]
    is_beside = 0 < len(others) < len(found)
    drops = is_beside and not tools.checks.test and not stands_beside_others(tree, tools.elsewhere)
    return others if drops else found


def _widen(part: Part, tools: Tools) -> Part:
    """Return a part that stands for the whole folder of its checks."""
    unit = part.unit.model_copy(update={"root": tools.folder})
    return replace(part, unit=unit, home=tools.folder if tools.checks.setup else part.home)


def describe_languages() -> str:
    """Say what this machine has of each language, or what brings it. Blocking."""
    return "; ".join(language.describe() for language in LANGUAGES)
