"""What ships with Plumb: see `motion.assets`."""
