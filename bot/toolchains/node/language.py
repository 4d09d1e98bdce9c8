"""Declare JavaScript and TypeScript among the languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.node import paths
from bot.toolchains.node.detection import find_projects
from bot.toolchains.node.programs import describe_versions
from bot.toolchains.node.toolchain import NodeToolchain


def _find_parts(tree: Path, tools: Tools) -> Sequence[Part]:
    return [
        Part(
            project.unit,
            NodeToolchain(tools, tree, project),
            project.home,
        )
        for project in find_projects(tree)
    ]


NODE = Language("node", paths, _find_parts, describe_versions)
