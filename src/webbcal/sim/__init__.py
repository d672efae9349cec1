"""Simulated exposures, references and truth."""
