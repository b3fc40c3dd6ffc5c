"""Templates of awards: what everybody who gets one has in common, in a file that a registrar writes once."""
