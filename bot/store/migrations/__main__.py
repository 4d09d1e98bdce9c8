"""Upgrades the database whose URL stands on standard input: a password has no place on a command line."""

from __future__ import annotations

import sys

from bot.store.database import create_engine
from bot.store.migrations import upgrade

if __name__ == "__main__":
    upgrade(create_engine(sys.stdin.read()))
