"""The registry as pages: what the API tells, for people. What they say stands in `templates/`, a page in each."""
