"""Start, show and stop tasks.

``spec.TaskSpec`` declares a task, ``registry.Registry`` holds all of them; ``authorise.authorise`` decides whether one
may start, ``start.start`` starts it and ``stop`` cancels. ``progress.Reporter`` keeps status comments and check runs up
to date, ``replies`` answers where somebody asked.
"""
