"""Shared fixtures. Each package's own fixtures live beside its tests."""
