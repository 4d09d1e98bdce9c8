"""Start the step: ``python3 -I -B "$GITHUB_ACTION_PATH/forgehand"``.

Python puts this very folder first where it looks for modules, before any line of ours runs: none here may be named like
one of the standard library's. From then on it looks in the folder above, which holds this package and nothing else to
import.
"""

import os
import sys
from importlib import import_module

if __name__ == "__main__":
    sys.path[0] += "/.."
    sys.exit(import_module("forgehand.step").main(os.environ))
