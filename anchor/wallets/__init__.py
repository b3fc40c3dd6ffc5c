"""Handing credentials over to wallets: links, offers, and the small server that answers them."""
