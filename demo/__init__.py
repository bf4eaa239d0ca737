"""The launcher behind `make demo`: starts broker, backend and a virtual terminal as processes; imports none of them."""
