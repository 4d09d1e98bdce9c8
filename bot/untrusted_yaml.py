"""Read YAML of strangers, in which a few characters can stand for very much.

PyYAML follows nesting by calls, in C without a limit, and looks through all open brackets at each; a merge key copies
what it names, each time.
"""

from __future__ import annotations

from typing import Any

import yaml

Loader = type[yaml.SafeLoader] | type[yaml.CSafeLoader]
_DEEPEST = 50
_MOST_ALIASES = 100
_MOST_MERGES = 8
_MERGE = "tag:yaml.org,2002:merge"


def load_yaml(text: str) -> Any:
    """Return the value of a YAML text.

    Raises :class:`yaml.YAMLError` where :func:`check_yaml` does, and what PyYAML's constructors do (ValueError for a
    date that is none).
    """
    check_yaml(text, yaml.CSafeLoader)
    return yaml.load(text, yaml.CSafeLoader)


def check_yaml(text: str, loader: Loader) -> None:
    """Raise :class:`yaml.YAMLError` for what is no YAML, or too much.

    Too much is nesting deeper than 50, more than 100 aliases, more than 8 merge keys, a merge of a list.
    """
    depth = aliases = merges = 0
    merging = False
    for event in yaml.parse(text, loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if merging and isinstance(event, yaml.SequenceStartEvent):
                raise _refuse(event, "a merge key must name one mapping")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        merging = isinstance(event, yaml.ScalarEvent) and (event.value == "<<" or event.tag == _MERGE)
        aliases += isinstance(event, yaml.AliasEvent)
        merges += merging
        if depth > _DEEPEST:
            raise _refuse(event, f"nested deeper than {_DEEPEST}")
        if aliases > _MOST_ALIASES or merges > _MOST_MERGES:
            raise _refuse(event, f"more than {_MOST_ALIASES} aliases or {_MOST_MERGES} merge keys")


def _refuse(event: yaml.Event, problem: str) -> yaml.MarkedYAMLError:
    mark: Any = event.start_mark  # of either parser
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
