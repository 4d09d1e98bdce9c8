"""Tell which of mocha's options are node's, and read those of its configuration.

With one of them mocha starts another process, which would not be heard: they are given to node itself. A configuration
that is a program (`.mocharc.js`) is not run to be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise
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
# those of node's options that take the next word on mocha's command line
NODE_VALUES = {"--import", "--loader", "--experimental-loader", "--conditions"}
_PASSED_ON = ("node-option", "nodeOption", "n")
# A comment, or a text in which there is none. One that is not closed is taken whole too: none is looked at twice.
_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*+"?)|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_LARGEST = 1 << 53


def take_node_options(tree: Path, root: str, options: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the options of node that hold, and the rest of the line.

    ``options`` are those of mocha's command line. As mocha has it, that goes before ``.mocharc``, which goes before
    package.json; but what any of them says to pass on is added up, and then nothing else counts. Blocking.
    """
    passed_on, own, rest = _split(options)
    settings, packaged = _read_settings(tree, root, rest)
    passed_on += [*_list_passed_on(settings), *_list_passed_on(packaged)]
    if passed_on:
        return tuple(dict.fromkeys(passed_on)), tuple(rest)
    named = {_name_of(option) for option in own}
    configured = [one for one in _list_options(packaged | settings) if _name_of(one) not in named]
    return (*own, *configured), tuple(rest)


def _split(options: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Return what to pass on to node, other options of node, and the rest.

    As mocha reads them, most have a value only behind an equals sign.
    """
    passed_on: list[str] = []
    node: list[str] = []
    rest: list[str] = []
    waiting = iter(options)
    for word in waiting:
        name, equals, value = word.partition("=")
        if name in ("-n", "--node-option"):
            passed_on += _split_list(value if equals else next(waiting, ""))
        elif name.startswith("--") and _is_node_option(name[2:]):
            node += [_for_node(word), *islice(waiting, int(not equals and name in NODE_VALUES))]
        else:
            rest.append(word)
    return passed_on, node, rest


def _split_list(value: str) -> list[str]:
    return [f"--{one.lstrip('-')}" for one in value.split(",") if one]


def _is_node_option(name: str) -> bool:
    """Return whether an option, without its dashes, is one of node's."""
    return _NODE.fullmatch(name.replace("_", "-")) is not None


def _name_of(option: str) -> str:
    """Return an option's name as node has it, without mocha's prefix for V8."""
    name = option.partition("=")[0].lstrip("-").replace("_", "-")
    return name if name == "v8-options" else name.removeprefix("v8-")


def _for_node(option: str) -> str:
    """Return an option with its value as node takes it."""
    return option if _name_of(option) == "v8-options" else f"--{option.removeprefix('--').removeprefix('v8-')}"


def _read_settings(tree: Path, root: str, options: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what ``.mocharc`` and what package.json say.

    Or the files that the command line names in their place.
    """
    folders = [tree / root, *(tree / above for above in Path(root).parents)] if root else [tree]
    own: dict[str, Any] = {}
    packaged: dict[str, Any] = {}
    given = _find_given(options, "config")
    if given is not None:
        files = [tree / root / given] if given else [folder / name for folder in folders for name in _NAMES]
        own = next((_read(file) for file in files if _is_within(tree, file)), {})
    given = _find_given(options, "package")
    if given is not None:
        files = [tree / root / given] if given else [folder / "package.json" for folder in folders]
        packaged = next((_as_object(read_json(file)) for file in files if _is_within(tree, file)), {})
    return own, _as_object(packaged.get("mocha"))


def _is_within(tree: Path, file: Path) -> bool:
    try:
        return file.is_file() and file.resolve().is_relative_to(tree.resolve())
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, a circle of links
        return False


def _find_given(options: Sequence[str], name: str) -> str | None:
    """Return the file that an option names, "" if none, None if not any.

    The last word of the command line holds.
    """
    given: str | None = ""
    for option, after in pairwise([*options, ""]):
        word, equals, value = option.partition("=")
        if word == f"--{name}":
            given = value if equals else after
        elif word == f"--no-{name}":
            given = None
    return given


def _read(file: Path) -> dict[str, Any]:
    if file.suffix in (".cjs", ".js", ".mjs"):
        return {}
    if file.suffix in (".yaml", ".yml"):
        return _as_object(read_yaml(file))
    return _as_object(read_json(file, lambda text: _COMMENT.sub(r"\1", text)))


def _as_object(value: Any) -> dict[str, Any]:
    return {name: one for name, one in value.items() if isinstance(name, str)} if isinstance(value, dict) else {}


def _list_passed_on(settings: Mapping[str, Any]) -> Iterator[str]:
    for value in (value for name in _PASSED_ON for value in _list(settings.get(name))):
        yield from _split_list(str(value))


def _list_options(settings: Mapping[str, Any]) -> Iterator[str]:
    for name, value in settings.items():
        if _is_node_option(name):
            yield from (_for_node(f"--{name}" if one is True else f"--{name}={one}") for one in _list(value))


def _list(value: Any) -> list[Any]:
    """Return what can be written on a command line; false gives nothing."""
    return [one for one in (value if isinstance(value, list) else [value]) if _is_plain(one)]


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return value.isprintable()
    return isinstance(value, int) and value is not False and abs(value) < _LARGEST
