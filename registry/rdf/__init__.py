"""What JSON-LD says, as RDF in one canonical form: contexts that are bundled, bounds on the work, nothing fetched."""
