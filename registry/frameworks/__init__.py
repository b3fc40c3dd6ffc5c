"""Frameworks of competences, what programmes cover of them, and how frameworks travel."""
