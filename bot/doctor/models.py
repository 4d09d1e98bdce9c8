"""Check that every model a role names can be asked and paid. Asks no model."""

from __future__ import annotations

from bot.doctor.line import Line
from bot.models.catalogue import SET_UP, Catalogue, UnknownModel
from bot.models.federation import Federation

_SUBJECT = "Models"


def check_models(catalogue: Catalogue) -> list[Line]:
    """List every role without a model, then every model that a role names."""
    roles = catalogue.roles()
    missing = [role for role, names in roles.items() if not names]
    lines = [_fail(f"{role}: no model; {SET_UP.format(role=role)}.") for role in missing]
    uses: dict[str, list[str]] = {}
    for role, names in roles.items():
        for name in names:
            uses.setdefault(name, []).append(role)
    return lines + [_check(catalogue, name, ", ".join(users)) for name, users in uses.items()]


def _check(catalogue: Catalogue, name: str, users: str) -> Line:
    try:
        spec = catalogue.spec(name)
    except UnknownModel as error:
        return _fail(f"{users}: {error.message}")
    key = catalogue.key(spec)
    if catalogue.needs_key(spec) and key is None:
        return _fail(f"{users}: {name} needs {spec.key_env} in the environment.")
    if isinstance(key, Federation) and not key.has_identity:
        return _fail(f"{users}: {name} needs an identity token in ANTHROPIC_IDENTITY_TOKEN_FILE, which cannot be read.")
    price = f"{spec.token_limit} tokens a task"
    if spec.price is not None:
        price = f"${spec.price.input:g} in, ${spec.price.output:g} out"
    paid = f"{price}; federation in place of a key" if isinstance(key, Federation) else price
    return Line(level="ok", subject=_SUBJECT, text=f"{users}: {name} at {spec.base_url} ({spec.api}; {paid})")


def _fail(text: str) -> Line:
    return Line(level="fail", subject=_SUBJECT, text=text)
