"""What a credential is, how it is proved, and where it is looked up. No signing keys here."""
