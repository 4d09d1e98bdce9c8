"""Order a suite by what its tests catch: ``task.TASK``.

``ordering`` is the arithmetic, ``suite`` the measurement, ``words`` the report. Nothing is changed.
"""
