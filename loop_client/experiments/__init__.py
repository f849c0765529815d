"""What experiments on motions and on toy data have in common."""
