"""The only part of `registry` that talks to a chain: reading it, the contract binding, and the embedded chain.

It holds no keys. It can send bytes that somebody else signed; it cannot sign.
"""
