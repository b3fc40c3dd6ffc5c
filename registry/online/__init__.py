"""Documents of others that a verifier lets be fetched: DID documents and status lists, bounded and from public addresses."""
