"""Change code by one pipeline that follows a recipe: read, find, prepare, prove, edit, gate, judge, publish.

``pipeline.run_change`` is the workflow, ``recipe.Recipe`` what a capability declares for it. ``records.Evidence`` holds
what a pull request or comment may claim; ``gates`` judge a change by what ran, ``judge`` asks a second model.
"""
