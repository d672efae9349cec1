"""Files: FITS, ASDF trees, tables, names."""
