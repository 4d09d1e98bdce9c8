"""Code search: the files and functions of a commit that matter for a text.

``index.Indexer`` builds an ``Index`` of a commit from blobs, without a checkout; it ranks files (``ranking``), cuts
windows of their code (``windows``), finds the tests of a file (``nearby``) and answers a model's lookups
(``lookup.Lookup``). ``guidelines`` collects a project's own rules. Hostile text is parsed in worker processes only.
"""
