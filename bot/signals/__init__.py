"""Read what monitors, error trackers and CI send: a delivery becomes :class:`records.Signal` values."""
