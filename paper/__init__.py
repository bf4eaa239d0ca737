"""ESC/POS bytes -> what a thermal printer does with them: paper, pulses, status answers.

The room is independent of our encoder on purpose: it imports none of our width, layout or encoding code, so that a
mistake there shows on the paper here. It follows the "ESC/POS Application Programming Guide" of Epson and, where the
two differ, what common Chinese 58 and 80 mm printers do; such places say so.

`Interpreter` turns bytes into events, `Roll` turns events into slips, `paper.picture` draws them, `paper.status` words
the printer's answers.
"""
