"""The database: tables, migrations and every query.

``store.Store`` runs functions in transactions; ``tasks``, ``deliveries``, ``findings``, ``audit``, ``ledger`` and the
other modules hold these functions, one module a subject. Each takes an open connection, so that a caller can do several
things in one transaction. ``database`` opens SQLite or PostgreSQL, ``migrations`` brings it up to date.
"""
