"""What strangers send, and how their text is shown."""
