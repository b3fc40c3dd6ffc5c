"""What a credential is: its digest, and the JSON it is read as."""
