"""Read the API of Python packages from source, and tell what a change does to it.

``comparison.compare`` takes two trees as path -> text and returns each changed name with its level: what documentation
or ``__all__`` promises, what is internal but reachable, and what is private. Nothing is imported or run, so a name that
is made while a module is imported is not seen. ``tree`` follows names through modules, imports and classes, for
``bot.codemod`` and ``bot.documentation`` too, of which the latter keeps an ``outline`` of each module only;
``measures`` counts what a refactoring may promise to lessen.
"""
