"""Rename or move a module or a symbol of Python code over a whole repository.

``rename.rename`` resolves every import and name, splices the new one in, then treats strings and documents by class.
``proof.prove`` compares the trees before and after. The work is done on texts; nothing is imported or run.
"""
