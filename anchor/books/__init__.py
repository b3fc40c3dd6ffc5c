"""The issuer's database: jobs, batches, attempts, and who may write them."""
