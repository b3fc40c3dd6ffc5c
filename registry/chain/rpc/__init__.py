"""JSON-RPC to one chain by one or several endpoints: asked, failed over, and never believed on form alone."""
