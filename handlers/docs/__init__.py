"""Write documentation that is true: ``task.TASK``, by ``recipe.DOCS``.

``survey`` lists by code what is false or missing before anything is edited; ``gates`` see to it that it is gone, that
nothing new is false, and that every example ran.
"""
