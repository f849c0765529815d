"""Rigs written as text, BVH and ASF/AMC, and motions put back on their own rig."""
