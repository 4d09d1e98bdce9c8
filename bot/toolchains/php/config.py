"""Write the configuration that PHPUnit is given: the repository's own, for the files that are to run.

https://docs.phpunit.de/en/9.6/configuration.html
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from bot.toolchains.port import ToolchainError
from bot.toolchains.units import walk_files

NAMES = ("phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml")
_SUFFIX = "Test.php"
_MAX_BYTES = 256 * 1024
# Left out: what is run is said anew, reports and coverage would be written into the tree.
_DROPPED = {"testsuites", "logging", "coverage", "filter", "source"}
# A run that ends early loses tests; what is risky fails, as its test proves nothing.
_STOPS = ("Defect", "Error", "Failure", "Warning", "Risky", "Skipped", "Incomplete")
_LEFT_OUT = (
    "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation", "printerClass", "defaultTestSuite",
    "cacheDirectory", "cacheResultFile",
)  # fmt: skip
_FIXED = {
    **{f"stopOn{what}": "false" for what in _STOPS},
    "cacheResult": "false", "colors": "false", "failOnRisky": "true", "failOnWarning": "false",
    "failOnIncomplete": "false", "failOnSkipped": "false", "failOnEmptyTestSuite": "false",
}  # fmt: skip


def read_config(folder: Path) -> ElementTree.Element:
    """Read a unit's own configuration, an empty one without. Blocking.

    Raises :class:`ToolchainError` for what is no XML of ours to read.
    """
    path = next((folder / name for name in NAMES if (folder / name).is_file()), None)
    if path is None or path.is_symlink() or path.stat().st_size > _MAX_BYTES:
        return ElementTree.Element("phpunit")
    text = path.read_text(errors="replace")
    # entities could make it of any size
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ToolchainError(f"`{path.name}` has a document type, which is not read. Remove it.")
    try:
        return ElementTree.fromstring(text)  # noqa: S314
    except ElementTree.ParseError as error:
        raise ToolchainError(f"`{path.name}` is no XML: {error}.") from None


def list_files(config: ElementTree.Element, folder: Path) -> list[str]:
    """Return the test files of a configuration's suites. Blocking."""
    suites = list(config.iter("testsuite"))
    found = {path for suite in suites for path in _list_suite(suite, folder)}
    if not suites:
        found = set(_walk(folder, "tests", _SUFFIX)) or set(_walk(folder, "test", _SUFFIX))
    return sorted(found)


def _list_suite(suite: ElementTree.Element, folder: Path) -> Iterator[str]:
    left_out = [posixpath.normpath((one.text or "").strip()) for one in suite.iter("exclude")]
    named = [posixpath.normpath((one.text or "").strip()) for one in suite.iter("file")]
    below = [
        path
        for one in suite.iter("directory")
        for path in _walk(folder, posixpath.normpath((one.text or "").strip()), one.get("suffix", _SUFFIX))
    ]
    for path in [*named, *below]:
        inside = (folder / path).is_file() and not path.startswith(("/", ".."))
        if inside and not any(path == one or path.startswith(f"{one}/") for one in left_out):
            yield path


def _walk(folder: Path, below: str, suffix: str) -> Iterator[str]:
    if below.startswith(("/", "..")) or not (folder / below).is_dir():
        return
    for path in walk_files(folder / below):
        if path.name.endswith(suffix):
            yield posixpath.normpath(posixpath.join(below, str(path)))


def find_bootstrap(config: ElementTree.Element, inside: str, autoload: str) -> str:
    """Return what is loaded before the tests, "" for nothing.

    ``autoload`` is it where nothing else is named.
    """
    bootstrap = config.get("bootstrap", autoload)
    return posixpath.join(inside, bootstrap) if bootstrap else ""


def write_config(
    config: ElementTree.Element, files: Sequence[str], inside: str, bootstrap: str, *, by_events: bool
) -> str:
    """Write a configuration for ``files`` of the unit at ``inside``.

    It lies elsewhere, so every path is absolute. ``by_events``: it is for PHPUnit 10 or newer, which calls a run failed
    where an attribute is not known.
    """
    made = ElementTree.Element("phpunit", {**config.attrib, **(_fix_known(config) if by_events else _FIXED)})
    if bootstrap:
        made.set("bootstrap", bootstrap)
    for name in _LEFT_OUT:
        made.attrib.pop(name, None)
    for child in config:
        if child.tag not in _DROPPED:
            made.append(child)
    for one in made.iter():
        if one.tag == "includePath" and one.text:
            one.text = posixpath.join(inside, one.text.strip())
        if one.tag in ("extension", "listener") and one.get("file"):
            one.set("file", posixpath.join(inside, one.get("file", "")))
    suite = ElementTree.SubElement(ElementTree.SubElement(made, "testsuites"), "testsuite", {"name": "all"})
    for path in files:
        ElementTree.SubElement(suite, "file").text = posixpath.join(inside, path)
    return ElementTree.tostring(made, encoding="unicode")


def _fix_known(config: ElementTree.Element) -> dict[str, str]:
    """Return what is fixed of the attributes that PHPUnit has had since 10."""
    named = {name: "false" for name in config.attrib if name.startswith(("stopOn", "failOn"))}
    return {**named, "cacheResult": "false", "colors": "false", "failOnRisky": "true"}
