"""File formats of motions. `motion.formats.files` reads and writes all of them."""
