"""Parts that the command lines share; the only package that imports tyro and tqdm."""
