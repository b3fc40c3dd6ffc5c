"""Accounts that sign, and transactions on their way."""
