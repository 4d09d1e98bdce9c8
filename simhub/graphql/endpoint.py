"""POST /api/graphql."""

from __future__ import annotations

from typing import Any

from simhub.call import Answer, Call
from simhub.errors import ApiError
from simhub.graphql.execute import Context, execute
from simhub.graphql.language import ParseError, parse
from simhub.graphql.mutations import MUTATIONS
from simhub.graphql.reviews import REVIEW_MUTATIONS, REVIEWS
from simhub.graphql.schema import SCHEMA

_WHOLE = SCHEMA | REVIEWS | MUTATIONS | {"Mutation": MUTATIONS["Mutation"] | REVIEW_MUTATIONS}


async def answer(call: Call) -> Answer:
    """GraphQL answers 200 even where the query fails; only credentials are refused by status."""
    if call.actor.kind not in ("user", "installation"):
        raise ApiError(401, "This endpoint requires you to be authenticated.")
    query = call.text("query")
    variables = call.body.get("variables") or {}
    if not query:
        return Answer({"errors": [{"message": "A query attribute must be specified and must be a string."}]})
    try:
        document = parse(query)
    except ParseError as error:
        return Answer({"errors": [{"message": str(error)}]})
    operation = _chosen(document.operations, call.body.get("operationName"))
    if operation is None:
        return Answer({"errors": [{"message": "An operation name is required"}]})
    return Answer(await execute(Context(call, _WHOLE, document, dict(variables)), operation))


def _chosen(operations: list[Any], name: str | None) -> Any:
    if name:
        return next((each for each in operations if each.name == name), None)
    return operations[0] if len(operations) == 1 else None
