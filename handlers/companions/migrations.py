"""Name changes of database models that no new migration comes with, for Django and Alembic."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from bot.documentation.snapshot import Snapshot
from bot.surface.source import parse
from handlers.companions.records import Missing

_DJANGO_MIGRATION = re.compile(r"(.*/)?migrations/\d{4}_\w+\.py")
_ALEMBIC_REVISION = re.compile(r"^down_revision\b", re.MULTILINE)
_DJANGO_FIELD = re.compile(r"\w*(?:Field|ForeignKey)")
_COLUMNS = {"Column", "mapped_column"}


def find_unmigrated(base: Snapshot, head: Snapshot) -> list[Missing]:
    """Return the modules whose columns changed without a migration."""
    changed = {path: text for path, text in head.python.items() if base.texts.get(path) != text}
    return [*_check_django(base, head, changed), *_check_alembic(base, head, changed)]


def _check_django(base: Snapshot, head: Snapshot, changed: dict[str, str]) -> list[Missing]:
    """Compare the fields of apps that have migrations."""
    found = []
    for path, text in changed.items():
        app = _app_of(path)
        has = app is not None and any(_is_migration_of(app, one) for one in base.paths)
        added = app is not None and any(_is_migration_of(app, one) for one in head.paths - base.paths)
        if app is None or not has or added:
            continue
        names = _differing(_django_fields(base.texts.get(path, "")), _django_fields(text))
        if names:
            found.append(_tell(path, names, posixpath.join(app, "migrations"), "file"))
    return found


def _app_of(path: str) -> str | None:
    """Return the folder of the Django app that a module of models belongs to."""
    folder, _, name = path.rpartition("/")
    if name == "models.py":
        return folder
    above, _, last = folder.rpartition("/")
    return above if last == "models" else None


def _is_migration_of(app: str, path: str) -> bool:
    return posixpath.dirname(path) == posixpath.join(app, "migrations") and bool(_DJANGO_MIGRATION.fullmatch(path))


def _django_fields(text: str) -> dict[str, str]:
    """Return the fields of the models that have a table of their own."""
    return {
        f"{model.name}.{name}": ast.dump(call)
        for model in _classes(text)
        if not _is_abstract(model)
        for name, call, _ in _assigned(model)
        if _DJANGO_FIELD.fullmatch(_called(call))
    }


def _is_abstract(model: ast.ClassDef) -> bool:
    metas = [node for node in model.body if isinstance(node, ast.ClassDef) and node.name == "Meta"]
    return any("abstract = True" in ast.unparse(meta) for meta in metas)


def _check_alembic(base: Snapshot, head: Snapshot, changed: dict[str, str]) -> list[Missing]:
    """Compare names and types of columns in a repository with revisions."""
    revisions = {path for path, text in base.texts.items() if path.endswith(".py") and _ALEMBIC_REVISION.search(text)}
    folders = {posixpath.dirname(path) for path in revisions}
    if not folders or any(posixpath.dirname(path) in folders for path in head.paths - base.paths):
        return []
    found = []
    for path, text in changed.items():
        names = _differing(_columns(base.texts.get(path, "")), _columns(text))
        if names and path not in revisions:
            found.append(_tell(path, names, min(folders), "revision"))
    return found


def _columns(text: str) -> dict[str, str]:
    """Return columns with their types; what only Python sees is left out."""
    found = {
        f"{model.name}.{_name_of(call) or name}": _unparse(
            [*call.args, *([annotation] if annotation is not None else [])]
        )
        for model in _classes(text)
        for name, call, annotation in _assigned(model)
        if _called(call) in _COLUMNS
    }
    tree = parse(text)
    for node in ast.walk(tree) if tree is not None else ():
        match node:
            case ast.Call(args=[ast.Constant(value=str(table)), *arguments]) if _called(node) == "Table":
                found |= {f"{table}.{name}": _unparse(types) for name, types in _in_table(arguments)}
    return found


def _name_of(call: ast.Call) -> str:
    """Return the name that a column has in the database, where it is given."""
    match call.args:
        case [ast.Constant(value=str(name)), *_]:
            return name
    return ""


def _in_table(arguments: Sequence[ast.expr]) -> Iterator[tuple[str, list[ast.expr]]]:
    for argument in arguments:
        match argument:
            case ast.Call(args=[ast.Constant(value=str(name)), *types]) if _called(argument) == "Column":
                yield name, types


def _classes(text: str) -> Iterator[ast.ClassDef]:
    tree = parse(text)
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)) if tree is not None else ()


def _assigned(model: ast.ClassDef) -> Iterator[tuple[str, ast.Call, ast.expr | None]]:
    """Yield the names that a class gives to calls, with their annotations."""
    for node in model.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                yield name, call, None
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call, annotation=annotation):
                yield name, call, annotation


def _unparse(parts: Sequence[ast.expr]) -> str:
    return ", ".join(ast.unparse(part) for part in parts)


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _tell(path: str, names: Sequence[str], folder: str, what: str) -> Missing:
    shown = ", ".join(f"`{name}`" for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    said = f"{shown} changed, and `{folder}/` got no new {what}."
    return Missing(kind="migration", path=path, text=said, names=tuple(names), folder=folder)
