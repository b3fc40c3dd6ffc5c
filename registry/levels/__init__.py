"""Levels of national frameworks beside those of the European one, and the card that tells of a level."""
