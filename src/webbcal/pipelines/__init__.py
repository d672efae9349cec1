"""Recipes and the runner."""
