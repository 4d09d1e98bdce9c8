"""Draft changelog entries for pull requests, in the repository's own style."""
