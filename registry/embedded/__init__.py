"""A chain inside the program: for practice, demos and tests."""
