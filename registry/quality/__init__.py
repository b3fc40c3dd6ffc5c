"""Registers of quality decisions, and what they say of a holder at a time."""
