"""Coordinate transformations."""
