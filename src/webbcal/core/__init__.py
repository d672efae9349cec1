"""Errors, options and flags."""
