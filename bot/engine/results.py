"""Write the end of a step as text: its result as JSON, or one of our errors.

The text is read back on the first run exactly as on replay, so a workflow never sees anything a replay would not.
"""

from __future__ import annotations

import functools
import inspect
import json
import typing
from collections.abc import Callable
from typing import Any

from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter

from bot.engine.port import WorkflowError
from bot.types import ForgehandError

_RESULT = "+"  # the first character of a stored text tells a result from an error
_ERROR = "-"
_cached_adapter = functools.lru_cache(maxsize=1024)(TypeAdapter)


def make_adapter(fn: Callable[..., Any]) -> TypeAdapter[Any]:
    """Make the schema of ``fn``'s annotated result; raises WorkflowError."""
    plain = _unwrap(fn)
    if "return" not in getattr(plain, "__annotations__", {}):
        raise WorkflowError(f"Step {_name_of(plain)} has no return annotation; add one.")
    try:
        return _cached_adapter(_resolve_return(plain))
    except (NameError, PydanticSchemaGenerationError, PydanticUserError) as error:
        raise WorkflowError(
            f"Step {_name_of(plain)} returns a value that cannot be stored as JSON ({error}): use plain values or"
            " models defined at module level, imported outside TYPE_CHECKING."
        ) from None


def write(adapter: TypeAdapter[Any], value: Any) -> str:
    """Write a result as text; ValueError if the round trip changes it."""
    text = adapter.dump_json(adapter.validate_python(value), round_trip=True, warnings="error").decode()
    adapter.validate_json(text)
    return _RESULT + text


def write_error(error: ForgehandError) -> str:
    """Write an error as Unicode: a message may quote a hostile program."""
    text = json.dumps(error.to_json(), default=str, ensure_ascii=False)
    return _ERROR + text.encode("utf-8", "replace").decode()


def read(adapter: TypeAdapter[Any], text: str) -> Any:
    """Read the stored result, or raise the stored error."""
    if text.startswith(_ERROR):
        raise ForgehandError.from_json(json.loads(text[1:]))
    return adapter.validate_json(text[1:])


def _unwrap(fn: Callable[..., Any]) -> Any:
    """Unwrap partials, bound methods, callable objects and decorators."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    if not inspect.isroutine(fn) and not inspect.isclass(fn):
        fn = type(fn).__call__
    return inspect.unwrap(getattr(fn, "__func__", fn))


def _resolve_return(plain: Any) -> Any:
    """Resolve the return alone: arguments may be for type checkers only."""

    def probe() -> None: ...

    probe.__annotations__ = {"return": plain.__annotations__["return"]}
    return typing.get_type_hints(probe, globalns=getattr(plain, "__globals__", {}), include_extras=True)["return"]


def _name_of(fn: Any) -> str:
    return getattr(fn, "__qualname__", type(fn).__name__)
