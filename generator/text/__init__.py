"""Text encoders and the batches of encoded texts that a network takes."""
