"""Groups of exposures that belong together."""
