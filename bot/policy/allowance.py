"""Read what an organisation's file lets models cost: in total, in each repository, for each person.

Its amounts hold beside every other limit and are checked by the ledger; no repository's file raises them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from bot.money import micro_dollars
from bot.policy.sections import FILE, REPOSITORY, Strict, is_named
from bot.store.limits import Limit, LimitScope
from bot.types import JsonModel

Dollars = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class Amounts(Strict):
    """Dollars a day and a month; None for no limit."""

    day: Dollars | None = Field(default=None, description="dollars a day")
    month: Dollars | None = Field(default=None, description="dollars a month")


class Ceilings(Amounts):
    """Amounts beyond which calls are refused; ``soft`` ones only warn."""

    soft: Amounts = Field(default=Amounts(), description="refuses nothing, and is reported at 50, 80 and 100 %")


class Allowance(JsonModel):
    """The part of a budget that is about one repository."""

    organisation: Ceilings = Ceilings()
    repository: Ceilings = Ceilings()
    people: dict[str, Ceilings] = Field(default_factory=dict)

    def list_limits(self, repository: str, person: str) -> tuple[Limit, ...]:
        """List the limits of a call for ``OWNER/NAME`` by a login or ""."""
        owner = repository.partition("/")[0]
        own = _choose(self.people, person) if person else Ceilings()
        return (
            *_limit("repository", repository, "", self.repository, owner),
            *_limit("person", person, owner, own, owner),
            *_limit("organisation", owner, "", self.organisation, owner),
        )


class Budget(Strict):
    """The file's section ``budget``."""

    organisation: Ceilings = Field(default=Ceilings(), description="all repositories together")
    repositories: dict[str, Ceilings] = Field(
        default_factory=dict, description="each repository on its own, by a pattern of names"
    )
    people: dict[str, Ceilings] = Field(
        default_factory=dict, description="each person in the repositories here, by pattern of logins"
    )

    def list_limits(self, owner: str, repositories: Sequence[str], people: Sequence[str]) -> tuple[Limit, ...]:
        """List the limits of an owner's repositories (names) and people (logins).

        A pattern that matches none of them is listed by itself.
        """
        given = [*_limit("organisation", owner, "", self.organisation, owner)]
        for name in (*repositories, *_list_idle(self.repositories, repositories)):
            given += _limit("repository", f"{owner}/{name}", "", _choose(self.repositories, name), owner)
        for login in (*people, *_list_idle(self.people, people)):
            given += _limit("person", login, owner, _choose(self.people, login), owner)
        return tuple(given)

    def govern(self, name: str) -> Allowance:
        """Return what is left for a repository."""
        section = _choose(self.repositories, name)
        return Allowance(organisation=self.organisation, repository=section, people=self.people)


def _choose(sections: Mapping[str, Ceilings], name: str) -> Ceilings:
    """Return what the sections leave a name, or a pattern that is one of them."""
    return _join(one for pattern, one in sections.items() if pattern == name or is_named((pattern,), name))


def _list_idle(sections: Mapping[str, Ceilings], names: Sequence[str]) -> list[str]:
    return [pattern for pattern in sections if not any(is_named((pattern,), name) for name in names)]


def _join(sections: Iterable[Ceilings]) -> Ceilings:
    """Return the lowest amount of each kind."""
    all_of_them = list(sections)
    hard = {key: _lowest(getattr(one, key) for one in all_of_them) for key in Amounts.model_fields}
    soft = {key: _lowest(getattr(one.soft, key) for one in all_of_them) for key in Amounts.model_fields}
    return Ceilings(**hard, soft=Amounts(**soft))


def _lowest(amounts: Iterable[float | None]) -> float | None:
    return min((amount for amount in amounts if amount is not None), default=None)


def _limit(scope: LimitScope, name: str, within: str, section: Ceilings, owner: str) -> list[Limit]:
    raised_by = (
        f"The organisation's file sets that (`budget` in `{FILE}`): whoever may change {owner}/{REPOSITORY} can raise "
        "it there; it holds within a minute."
    )
    kinds = (("hard", section), ("soft", section.soft))
    told = {"scope": scope, "name": name, "within": within, "given_by": "organisation", "raised_by": raised_by}
    return [
        Limit.model_validate({**told, "strength": strength, "period": period, "ceiling": micro_dollars(amount)})
        for strength, amounts in kinds
        for period in ("day", "month")
        if (amount := getattr(amounts, period)) is not None
    ]
