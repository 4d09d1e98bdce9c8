"""Languages of a repository."""

from __future__ import annotations

from tests.support.hub import Stage


async def test_languages_are_bytes_of_the_default_branch(at: Stage) -> None:
    answer = await at.ask("GET", f"/repos/{at.repo.full_name}/languages")
    assert answer.status == 200
    assert answer.body == {"Python": sum(len(f"line {n}\n") for n in range(1, 41))}
