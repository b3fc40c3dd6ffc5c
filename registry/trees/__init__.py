"""The tree store: where the trees of all batches are kept and read from."""
