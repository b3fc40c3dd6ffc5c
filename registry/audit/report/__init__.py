"""What an audit found, as JSON, CSV and HTML."""
