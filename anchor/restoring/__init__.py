"""What was lost or is out of date is made again, from the chain and the trees."""
