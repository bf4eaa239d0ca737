"""Rules of the trade, shared by both ends. Pure: no time, no chance, no files but the tables beside them."""
