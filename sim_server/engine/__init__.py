"""The simulation of many motions at once, its controller and the assist ladder."""
