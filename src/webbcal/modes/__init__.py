"""Observing modes, one table per instrument."""
