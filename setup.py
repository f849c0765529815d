"""Find the packages, and ship `assets/` as the package `plumb_assets`; everything else stands in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["motion*", "sim_server*", "generator*", "loop_client*"]), "plumb_assets"],
    package_dir={"plumb_assets": "assets"},
)
