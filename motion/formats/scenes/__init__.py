"""Scenes with nodes: FBX, glTF and USD."""
