"""Several processes that answer at one port: what starts them, what each of them is, and what they tell each other."""
