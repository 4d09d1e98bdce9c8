"""A hub with an App installed on one repository, as the tests of our GitHub client have it."""

from tests.github.conftest import github, world

__all__ = ["github", "world"]
