"""Errors of GitHub's API are told apart by what GitHub says, not by what a repository is named."""

from __future__ import annotations

import json

import pytest

from bot.github.api.errors import Forbidden, GitHubError, Invalid, Locked, Response, failure


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (403, {"message": "Unable to create comment because issue is locked."}, Locked),
        (422, {"message": "Unprocessable Entity", "errors": ["lock prevents review"]}, Locked),
        (403, {"message": "Resource not accessible by integration"}, Forbidden),
        (403, {"message": "Repository access blocked"}, Forbidden),
        (422, {"message": "Validation Failed", "errors": [{"field": "clock", "code": "invalid"}]}, Invalid),
    ],
)
def test_a_lock_is_known_by_githubs_words(status: int, said: object, expected: type[GitHubError]) -> None:
    answer = Response(status, {}, json.dumps(said).encode())
    error = failure(answer, "POST", "https://api.github.com/repos/octo/issue-is-locked-lock-prevents/issues/1/comments")
    assert type(error) is expected
    assert error.lasting is (expected is not Invalid)
