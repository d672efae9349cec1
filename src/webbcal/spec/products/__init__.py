"""Catalogue of every product: the one list to read, and to extend."""

from webbcal.spec.fields import Product
from webbcal.spec.products.detector1 import Ramp, Rate, RateInts, Uncal

__all__ = ["PRODUCTS", "Ramp", "Rate", "RateInts", "Uncal"]

PRODUCTS: tuple[type[Product], ...] = (Uncal, Ramp, Rate, RateInts)
