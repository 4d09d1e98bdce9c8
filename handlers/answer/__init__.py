"""Read, look up and answer: the steps of the tasks that only talk.

``/ask``, ``/explain``, ``/describe`` and ``/improve`` share them. ``pipeline.run_ask``, ``run_describe`` and
``run_improve`` are the workflows, ``records`` what their steps hand on, ``words`` the texts on GitHub.
"""
