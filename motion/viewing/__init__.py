"""Show motions as stick figures on an HTML page or in a movie."""
