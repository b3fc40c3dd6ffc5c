"""Files of others with quality decisions, to a snapshot that is confirmed, signed and anchored."""
