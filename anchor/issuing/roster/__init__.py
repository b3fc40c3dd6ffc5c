"""Rosters: a sheet for the people of one award, how it is read, and what is wrong with it before anything is issued."""
