"""Run our own scanners within the sandbox.

The folder is mounted there; ``launch`` starts ``ast_rules`` and ``secret_scan``, which write SARIF by ``sarif_log``.
"""
