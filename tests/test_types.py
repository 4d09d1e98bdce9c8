"""What every layer shares."""

from __future__ import annotations

import pytest

from bot.types import ForgehandError


def test_no_two_errors_have_one_name() -> None:
    class Evaporated(ForgehandError):
        """An error as any module may define it."""

    assert isinstance(ForgehandError.from_json(Evaporated("It is gone.").to_json()), Evaporated)
    with pytest.raises(TypeError, match="Two errors are called Evaporated"):
        type("Evaporated", (ForgehandError,), {})
