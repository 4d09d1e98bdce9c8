"""Test shell scripts by bats: ``adapter`` runs it, ``report`` reads its stream."""
