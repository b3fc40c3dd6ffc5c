"""Documents of others that a verifier lets be fetched: DID documents and status lists, of public hosts, bounded."""
