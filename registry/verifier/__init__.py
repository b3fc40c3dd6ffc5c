"""Document in, chain asked, verdict out."""
