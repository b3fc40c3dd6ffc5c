"""Partnerships, indicators with their definitions, targets, and aggregated statements."""
