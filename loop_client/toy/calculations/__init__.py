"""Experiments that are computed in closed form or from sufficient statistics, without points: theorems and laws."""
