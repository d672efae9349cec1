"""Calibrated images of simulated programmes against their truth.

``python -m validation.imaging --folder DIR`` on the products of ``webbcal run ASN --through 3``.
"""
