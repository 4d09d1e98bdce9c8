"""Run CI once more where its machines were shown to be at fault: ``task.TASK``."""
