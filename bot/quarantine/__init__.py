"""Quarantine by judging at the end: a list in the repository, and a judge of the results.

``entries`` reads and writes the list, ``judge`` decides, ``exits`` knows exit codes, ``nearness`` says which tests
guard which lines, ``overview`` what is known of each test. Tests run as they are; nothing about them is edited.
"""
