"""A capability whose module lies outside the repository."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.doors.handlers import Handlers
from handlers import HANDLERS


@contextmanager
def extended(source: Path, folder: Path) -> Iterator[Handlers]:
    """Every capability of the repository, and the one in this text, which is copied to a folder elsewhere."""
    name = f"outside_{source.name.partition('.')[0]}"
    file = folder / "outside" / f"{name}.py"
    file.parent.mkdir()
    file.write_text(source.read_text())
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    try:
        yield Handlers(HANDLERS.registry.extended(module.TASK), HANDLERS.builtins, HANDLERS.events)
    finally:
        del sys.modules[name]
