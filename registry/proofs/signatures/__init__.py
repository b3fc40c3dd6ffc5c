"""Signatures of credentials: Data Integrity, JOSE and SD-JWT, and the documents that say whose keys they are.

Keys and documents in, proofs or reasons out: nothing is fetched here.
"""
