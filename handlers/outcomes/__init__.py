"""Remember what became of our pull requests and findings."""
