"""The page that checks a credential in the browser: its program in JavaScript, and what makes one file of it."""
