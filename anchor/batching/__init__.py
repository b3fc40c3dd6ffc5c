"""From digests to a sealed batch, its published tree and its receipts."""
