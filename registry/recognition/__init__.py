"""Accreditations, recognitions, and the paths between them."""
