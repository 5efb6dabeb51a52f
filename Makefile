# What .ci/run runs, in the environment that is active: pip install -e ".[test,lint]" sets it up.
.PHONY: check style test

check: style test

style:
	ruff check
	ruff format --check
	mypy
	lint-imports

test:
	python -m pytest -q -n 3
