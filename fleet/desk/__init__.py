"""The fleet manager's desk in the backend: register of terminals, settings, commands, what terminals report, audit."""
