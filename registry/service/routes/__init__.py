"""The endpoints of the lookup service, one module a resource."""
