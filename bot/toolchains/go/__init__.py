"""Install and test Go modules: ``language`` declares them, ``adapter`` runs ``go test -json``, ``report`` reads it."""
