"""Declare JavaScript and TypeScript among the languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.toolchains.identity import pick_blobs
from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.node import paths
from bot.toolchains.node.detection import find_projects
from bot.toolchains.node.programs import describe_versions
from bot.toolchains.node.toolchain import NodeToolchain

_DECIDING = (
    "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "pnpm-workspace.yaml",
    "lerna.json", ".npmrc", ".yarnrc*", ".pnpmfile.*", ".yarn", "patches", ".nvmrc", ".node-version",
)  # fmt: skip


def _find_parts(tree: Path, tools: Tools) -> Sequence[Part]:
    return [
        Part(
            project.unit,
            NodeToolchain(tools, tree, project),
            project.home,
        )
        for project in find_projects(tree)
    ]


def _decide(tree: Path, blobs: Mapping[str, str]) -> str:
    return pick_blobs(blobs, *_DECIDING)


NODE = Language("node", paths, _find_parts, describe_versions, _decide)
