"""Upgrades the database whose URL stands on standard input: a password has no place on a command line."""

from __future__ import annotations

import sys

from bot.store.migrations import upgrade
from bot.store.store import create_engine

if __name__ == "__main__":
    upgrade(create_engine(sys.stdin.read()))
