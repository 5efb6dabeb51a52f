"""The backpropagation core: numpy only, no terminal, no files."""
