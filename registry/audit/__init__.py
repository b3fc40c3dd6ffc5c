"""The audit: what a registry's events come to, beside everything else that tells of it."""
