"""JavaScript and TypeScript: npm, pnpm, yarn; node:test, vitest, jest, mocha, ava.

``detection`` says what a folder is, ``script`` reads its test script, ``installation`` installs it, ``runners`` writes
the command, the reporters in ``inside`` tell what ran.
"""
