"""Worker processes: correctors in processes of their own, and the pool that hands motions to them."""
