"""What a document says, whatever it travels in."""
