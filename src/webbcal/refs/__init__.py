"""Reference files: choose, find, load."""
