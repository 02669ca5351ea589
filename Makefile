.PHONY: check generate

check:  # everything that CI checks
	bash .ci/run

generate:  # write the generated files
	python3 dev.py generate
