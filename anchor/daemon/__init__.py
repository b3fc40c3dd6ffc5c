"""The daemon: takes jobs, seals batches and drives each one to finality without a person."""
