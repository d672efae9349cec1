"""The observatory's own kinds of transform, in the form that astropy composes."""
