"""Judge somebody else's pull request by the gates of our own: ``task.TASK``, by ``recipe.PROVE``."""
