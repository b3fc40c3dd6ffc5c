"""The Merkle tree of a batch, its proofs, and its file."""
