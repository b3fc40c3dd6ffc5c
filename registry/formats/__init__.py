"""Formats of others in which the registry's facts are told: pure functions, no I/O."""
