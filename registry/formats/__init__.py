"""Formats of others: in which the registry's facts are told, and in which others tell theirs. Pure functions."""
