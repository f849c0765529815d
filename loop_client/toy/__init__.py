"""The loop on points: the small experiments of the papers, many seeds at once."""
