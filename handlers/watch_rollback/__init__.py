"""See how a rollback ends: started by the deployment's events and by a sweep, never waiting."""
