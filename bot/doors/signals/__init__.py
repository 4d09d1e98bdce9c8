"""Take signals: what monitors, error trackers and CI post about a repository.

``endpoint.SignalEndpoint`` verifies (``verification``) and stores, with the sources that ``book.SourceBook`` knows;
``handling.signal_router`` reads what was stored; ``admin`` adds and removes sources.
"""
