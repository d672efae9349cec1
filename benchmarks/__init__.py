"""Time and memory of webbcal beside the observatory's pipeline, in one go."""
