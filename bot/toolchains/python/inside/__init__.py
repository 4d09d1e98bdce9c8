"""Report the verdicts of a repository's tests from inside the sandbox.

The folder is mounted there and put on PYTHONPATH: ``sitecustomize`` starts first, ``forgehand_pytest`` and
``forgehand_unittest`` report, ``forgehand_records`` signs, ``forgehand_errors`` describes exceptions.
"""
