"""Accreditations in formats of others: European Learning Model, CTDL, credentials as DEQAR's, OpenID Federation."""
