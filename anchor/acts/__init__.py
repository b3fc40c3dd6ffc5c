"""What issuers and bodies do on chain beside anchoring."""
