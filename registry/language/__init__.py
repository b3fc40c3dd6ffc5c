"""What is said to people, in their languages: sentences by key, catalogues, and how they become text."""
