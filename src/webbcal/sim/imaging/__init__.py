"""Programmes of images: a field of stars and galaxies, seen by several detectors and dithers."""
