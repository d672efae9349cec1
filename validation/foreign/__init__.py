"""Exposures and references that webbcal did not make.

Run by the Python of the observatory's pipeline (the peer), whose data models write every file:
``PEER_PYTHON -m validation.foreign SPECIFICATION.json FOLDER``. Nothing here imports webbcal.
"""
