"""Tell which of mocha's options are node's, and read those of its configuration.

With one of them mocha starts another process, which would not be heard: they are given to node itself. A configuration
that is a program (`.mocharc.js`) is not run to be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bot.toolchains.node.manifest import read_json, read_yaml

# in the order in which mocha looks for them
_NAMES = (".mocharc.cjs", ".mocharc.js", ".mocharc.yaml", ".mocharc.yml", ".mocharc.jsonc", ".mocharc.json")
_NODE = re.compile(
    r"import|(?:experimental-)?loader|conditions|(?:no-|throw-|pending-|trace-)?deprecation|(?:no-|trace-)warnings"
    r"|trace-[\w-]+|expose-gc|enable-source-maps|preserve-symlinks(?:-main)?|disable-warning|(?:no-)?experimental-[\w-]+"
    r"|harmony[\w-]*|max-old-space-size|max-http-header-size|stack-trace-limit|unhandled-rejections|allow-natives-syntax"
    r"|es-staging|use-strict|v8-[\w-]+|max-semi-space-size|openssl-legacy-provider|dns-result-order|no-addons|jitless"
    r"|input-type|abort-on-uncaught-exception|track-heap-objects|interpreted-frames-native-stack"
)
_PASSED_ON = ("node-option", "nodeOption", "n")
# A comment, or a text in which there is none. One that is not closed is taken whole too: none is looked at twice.
_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*+"?)|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_LARGEST = 1 << 53


def is_node_option(name: str) -> bool:
    """Return whether an option, without its dashes, is one of node's."""
    return _NODE.fullmatch(name.replace("_", "-")) is not None


def name_of(option: str) -> str:
    """Return an option's name as node has it, without mocha's prefix for V8."""
    name = option.partition("=")[0].lstrip("-").replace("_", "-")
    return name if name == "v8-options" else name.removeprefix("v8-")


def for_node(option: str) -> str:
    """Return an option with its value as node takes it."""
    return option if name_of(option) == "v8-options" else f"--{option.removeprefix('--').removeprefix('v8-')}"


def read_node_options(tree: Path, root: str, options: Sequence[str]) -> tuple[str, ...]:
    """Return node's options that mocha's configuration of a folder names.

    ``options`` are those of mocha's command line, which may name another file, or none. Blocking.
    """
    folders = [tree / root, *(tree / above for above in Path(root).parents)] if root else [tree]
    given = _find_given(options)
    files = [tree / root / given] if given else [folder / name for folder in folders for name in _NAMES]
    own: dict[str, Any] = {}
    packaged: dict[str, Any] = {}
    if "--no-config" not in options:
        own = next((_read(file) for file in files if _is_within(tree, file)), {})
    if "--no-package" not in options:
        manifests = (folder / "package.json" for folder in folders)
        packaged = next((_as_object(read_json(file)) for file in manifests if file.is_file()), {})
    return tuple(_list_options(_as_object(packaged.get("mocha")) | own))


def _is_within(tree: Path, file: Path) -> bool:
    try:
        return file.is_file() and file.resolve().is_relative_to(tree.resolve())
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, a circle of links
        return False


def _find_given(options: Sequence[str]) -> str:
    for option, after in pairwise([*options, ""]):
        name, equals, value = option.partition("=")
        if name == "--config":
            return value if equals else after
    return ""


def _read(file: Path) -> dict[str, Any]:
    if file.suffix in (".cjs", ".js", ".mjs"):
        return {}
    if file.suffix in (".yaml", ".yml"):
        return _as_object(read_yaml(file))
    return _as_object(read_json(file, lambda text: _COMMENT.sub(r"\1", text)))


def _as_object(value: Any) -> dict[str, Any]:
    return {name: one for name, one in value.items() if isinstance(name, str)} if isinstance(value, dict) else {}


def _list_options(settings: Mapping[str, Any]) -> Iterator[str]:
    passed_on = [value for name in _PASSED_ON for value in _list(settings.get(name))]
    if passed_on:
        # as mocha has it: the others do not count then
        yield from (f"--{one.lstrip('-')}" for value in passed_on for one in str(value).split(",") if one)
        return
    for name, value in settings.items():
        if is_node_option(name):
            yield from (for_node(f"--{name}" if one is True else f"--{name}={one}") for one in _list(value))


def _list(value: Any) -> list[Any]:
    """Return what can be written on a command line; false gives nothing."""
    return [one for one in (value if isinstance(value, list) else [value]) if _is_plain(one)]


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return value.isprintable()
    return isinstance(value, int) and value is not False and abs(value) < _LARGEST
