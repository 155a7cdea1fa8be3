from compare.cli.main import main

main()
