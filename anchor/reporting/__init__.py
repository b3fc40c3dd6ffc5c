"""The yearly report and its tables, from the figures of an index."""
