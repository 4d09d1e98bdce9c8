"""The fault harness: ``make faults``. docs/reliability.md tells what it does."""
