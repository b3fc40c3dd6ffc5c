"""The engine: drives what is sealed or asked for to finality."""
