"""Fill in what a pull request leaves open: ``/complete``. Code finds the stubs, tests fail on them first."""
