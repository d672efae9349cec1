"""Recipes: ordered names of steps."""
