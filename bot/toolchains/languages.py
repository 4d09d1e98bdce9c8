"""List the languages that Forgehand understands by itself. A new one is a folder and a line here."""

from __future__ import annotations

from pathlib import Path

from bot.toolchains.cpp.language import CPP
from bot.toolchains.elixir.language import ELIXIR
from bot.toolchains.go.language import GO
from bot.toolchains.jvm.language import JVM
from bot.toolchains.language import Part, Tools
from bot.toolchains.node.language import NODE
from bot.toolchains.php.language import PHP
from bot.toolchains.python.language import PYTHON, make_part
from bot.toolchains.ruby.language import RUBY
from bot.toolchains.rust.language import RUST
from bot.toolchains.shell.language import SHELL
from bot.toolchains.units import Unit

LANGUAGES = (PYTHON, NODE, GO, JVM, RUBY, RUST, PHP, CPP, SHELL, ELIXIR)


def make_whole(tree: Path, tools: Tools) -> Part:
    """Make the part of a repository in which nothing names a language.

    It is Python's, which says what is missing.
    """
    return make_part(Unit(root="", toolchain="python", evidence=("nothing names another language",)), tree, tools)


def describe_languages() -> str:
    """Say what this machine has of each language, or what brings it. Blocking."""
    return "; ".join(language.describe() for language in LANGUAGES)
