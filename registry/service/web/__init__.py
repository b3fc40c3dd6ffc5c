"""What the lookup service shows to people with a browser."""
