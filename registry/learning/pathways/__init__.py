"""Pathways: what leads to an aim, and how far a learner's own items go."""
