"""A portfolio taken abroad: what is on record of each credential for a country, and what its officers would ask for.

Nothing here decides on recognition: that is for people, about one holder and one purpose.
"""
