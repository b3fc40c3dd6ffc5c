"""What the program has to tell, and where it goes: log, metrics, alerts."""
