"""Send requests as an App or installation: credentials, pace, retries, limits, redirects."""
