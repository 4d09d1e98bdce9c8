"""Make incidents of signals, decide what may be done about each, and learn from how it ended.

``intake.take`` is the way in; ``admission`` says which incident a signal belongs to, ``decision`` what policy lets us
do, ``recovery`` what shows that it is over. The task that does it is ``handlers/incident``.
"""
