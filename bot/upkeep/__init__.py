"""Clean up: ``janitor.Janitor`` removes files of ended tasks, ``scratch.scratch`` those of dead processes.

``housekeeper.Housekeeper`` forgets what is old or too much, and installations that are gone.
``incidents.IncidentWatch`` has incidents looked at when they are due.
"""
