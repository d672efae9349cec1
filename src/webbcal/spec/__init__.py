"""Declarations: products, keywords, references."""
