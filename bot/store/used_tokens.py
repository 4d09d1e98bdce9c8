"""Remember which tokens of GitHub Actions were used, so that none is used twice."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import used_token
from bot.store.upsert import insert

_KEPT_MS = 3_600_000  # longer than the clocks of two servers differ


def use(connection: sa.Connection, issuer: str, jti: str, expires: int) -> bool:
    """Note the use of a token; return False if it was used before.

    ``expires`` is when nobody would take it any more (milliseconds); it is forgotten some time after that.
    """
    connection.execute(sa.delete(used_token).where(used_token.c.expires < now_ms() - _KEPT_MS))
    new = insert(connection, used_token).values(issuer=issuer, jti=jti, expires=expires)
    return connection.execute(new.on_conflict_do_nothing().returning(used_token.c.jti)).first() is not None
