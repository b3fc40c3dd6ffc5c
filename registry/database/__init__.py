"""Opening the database, and bringing it to its present form."""
