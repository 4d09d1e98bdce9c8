"""Asks aider's repository map for its order of files. Runs in aider's own environment, imports nothing of ours.

One JSON object in (``root``, ``files``, ``question``), a JSON list of paths out.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path


class _Quiet:
    """Stand-in for aider's terminal and model, as far as the map needs them."""

    def __getattr__(self, _name: str) -> object:
        return lambda *_args, **_options: None

    def read_text(self, path: str) -> str:
        return Path(path).read_text(errors="replace")

    def token_count(self, text: str) -> int:
        return len(text) // 4


def main() -> None:
    from aider.repomap import RepoMap  # type: ignore[import-not-found, unused-ignore]

    request = json.load(sys.stdin)
    os.chdir(request["root"])
    words = set(re.split(r"\W+", request["question"]))
    # As aider's own coder does: the message's words are identifiers; a file whose name is one of them is mentioned.
    named = {
        path
        for path in request["files"]
        if Path(path).name in words or (Path(path).stem in words and len(Path(path).stem) >= 5)
    }
    files = [str(Path(request["root"], path)) for path in request["files"]]
    repo_map = RepoMap(map_tokens=8192, root=request["root"], main_model=_Quiet(), io=_Quiet())
    tags = repo_map.get_ranked_tags([], files, named, words)
    order = dict.fromkeys(tag[0] if isinstance(tag, tuple) and len(tag) == 1 else tag.rel_fname for tag in tags)
    print(json.dumps(list(order)))


if __name__ == "__main__":
    main()
