"""Receipt as data -> rows of columns: one layout for paper, LCD and page (decisions 26)."""
