"""Choose the edit format for a family of models, and explain it to them."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class EditFormat:
    """Format of edits, with ``instructions`` for the prompt."""

    name: str
    instructions: str


_RULES = """\
- Copy the lines to be replaced from the file as they are, indentation included. Never write `...` for lines left out.
- Take enough lines around the change that only one place of the file fits; a whole function is better than one line.
- Several edits may follow each other. All are applied or none is; a refusal says why, then send all of them again."""

SEARCH_REPLACE = EditFormat(
    "search_replace",
    f"""\
Write each edit as the file's path on a line of its own, then a block:

path/to/file
<<<<<<< SEARCH
lines of the file as they are now
=======
lines as they shall be
>>>>>>> REPLACE

{_RULES}
- An empty SEARCH half makes a new file; the path must not exist yet.""",
)

PATCH = EditFormat(
    "patch",
    f"""\
Write all edits as one patch:

*** Begin Patch
*** Update File: path/to/file
@@ function_the_change_is_in
 a line that stays
-a line to be removed
+a line to be added
 a line that stays
*** Add File: path/to/new_file
+every line of the new file
*** Delete File: path/to/old_file
*** End Patch

{_RULES}
- Give three lines that stay above and below each change. There are no line numbers.""",
)

WHOLE = EditFormat(
    "whole",
    f"""\
Write each file that changes in full: its path on a line of its own, then a fenced block with all of its lines.

path/to/file
```
every line of the file as it shall be
```

{_RULES.splitlines()[-1]}
- Never shorten a file: what you leave out is deleted.""",
)

# the first pattern found in a model's name decides; models trained on apply_patch fail less with it, small ones
# follow no block format reliably and write short files whole, all others do best with SEARCH/REPLACE
_FAMILIES = (
    (r"codex|gpt-5|gpt-4\.1|\bo3\b|\bo4-mini", PATCH),
    (r"haiku-3\b|gpt-3\.5|gpt-4o-mini|\b[1-8]b\b|gemma|phi-", WHOLE),
    (r"", SEARCH_REPLACE),
)


def format_for(model: str) -> EditFormat:
    """Return the format to ask a model for; others are understood too."""
    return next(chosen for pattern, chosen in _FAMILIES if re.search(pattern, model.lower()))
