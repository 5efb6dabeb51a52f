"""What leaves the program: programs, histories, worksheets."""
