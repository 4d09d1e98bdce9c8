"""Start a module inside the sandbox: ``launch.py SITE MODULE ARGS...``.

The interpreter runs with ``-I -S``: neither the working directory nor a ``.pth`` file adds to what can be imported.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    _, site, module, *arguments = sys.argv
    sys.path[:0] = [str(Path(__file__).resolve().parent)]
    sys.path.append(site)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
