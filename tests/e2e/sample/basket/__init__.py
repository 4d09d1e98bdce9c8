"""A basket with prices in cents."""
