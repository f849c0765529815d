from motion.cli import main

main()
