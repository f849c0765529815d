"""The commands of `plumb-gen`, one per module.

Their modules import nothing heavy; a command imports what it needs when it runs. So `plumb-gen --help` is quick.
"""
