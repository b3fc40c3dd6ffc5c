"""What both HTTP servers have in common: problems, limits, connections."""
