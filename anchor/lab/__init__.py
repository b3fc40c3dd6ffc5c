"""Exercises on the practice chain: begun, and checked."""
