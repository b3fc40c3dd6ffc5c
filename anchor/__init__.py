"""The write side: intake, batches, transactions and the `testamur` command."""
