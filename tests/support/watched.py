"""``python -m tests.support.watched MODULE ARGUMENT...``: a program whose own hubs are watched as in the tests.

It ends with code 1 and the violations when there are any.
"""

from __future__ import annotations

import runpy
import sys

from tests.support.openapi import watching

if __name__ == "__main__":
    del sys.argv[0]
    with watching():
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
