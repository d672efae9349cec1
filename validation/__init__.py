"""Validation of webbcal: against simulated truth, and against the observatory's own pipeline."""
