"""Write tests that notice what no test noticed: ``task.TASK``, by ``recipe.TEST``.

``target`` finds what is meant, ``survey`` measures which mutants of it no test notices, ``honesty`` reads new tests for
ways to notice a mutant without testing, ``gates`` keeps tests that earn their place.
"""
