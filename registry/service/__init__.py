"""The lookup service: what `testamur serve` answers, and how."""
