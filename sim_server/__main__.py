from sim_server.cli import main

main()
