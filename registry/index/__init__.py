"""The index: one contract's events in the database, and the trees beside them."""
