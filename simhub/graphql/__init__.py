"""GraphQL: as much of GitHub's schema as bots and ``gh`` ask for."""
