"""The checks of a credential, and the verdict. Pure: what the chain says is handed in."""
