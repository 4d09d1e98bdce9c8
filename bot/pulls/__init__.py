"""Read a pull request as text, and remember what reviews said in it.

:mod:`.records` holds the values that a review's steps pass on: ``Finding``, ``PlacedFinding``, ``ReviewResult``.
:func:`.places.find_place` finds quoted code, :func:`.fingerprints.fingerprint` names a finding across rebases,
:mod:`.memory` decides what is not said again, and :mod:`.history` loads and stores it.
"""
