"""Numerical building blocks on arrays."""
