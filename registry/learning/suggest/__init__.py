"""Suggestions of items of frameworks for texts; a named person decides about each."""
